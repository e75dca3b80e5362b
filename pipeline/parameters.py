"""What a run may set without compiling again: the graph's TFX runtime parameters.

A runtime parameter of the graph is a whole execution property: a path, or one section of the
configuration as JSON. People set single keys of the configuration; `values` makes the properties
out of it, for the compiler as for a step that binds them.
"""

import pathlib
from collections.abc import Mapping
from typing import Final

from tfx.utils import json_utils, proto_utils

from components import fingerprint
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.evaluation import eval_config
from schemas import features
from schemas.errors import ConfigError

# Sections of the configuration whose keys a run may set; all others decide the graph itself.
SECTIONS: Final = (
    "data",
    "rules",
    "splits",
    "gate",
    "training",
    "evaluation",
    "serving_check",
)

MANIFEST_PATH: Final = "manifest_path"
VIDEOS_ROOT: Final = "videos_root"
SCHEMA_FILE: Final = "schema_file"  # lies elsewhere in an image than where the graph is compiled
RULES: Final = "rules"
SPLITS: Final = "splits"
GATE_LIMITS: Final = "gate_limits"
TRAINER_CONFIG: Final = "trainer_config"
EVAL_CONFIG: Final = "eval_config"
SERVING_CHECK: Final = "serving_check"


def not_a_run_parameter(key: str) -> ConfigError:
    """A key that is compiled into the graph."""
    return ConfigError(
        "not_a_run_parameter",
        f"{key} is compiled into the graph; compile again to change it, or set a key of"
        f" {', '.join(SECTIONS)}",
    )


def values(config: PipelineConfig) -> dict[str, str]:
    """Value of every runtime parameter of the graph, by its name."""
    return {
        MANIFEST_PATH: absolute(config.data.manifest),
        VIDEOS_ROOT: _videos_root(config),
        SCHEMA_FILE: str(features.TRACK_EXAMPLE_SCHEMA),
        RULES: config.rules.to_json(),
        SPLITS: config.splits.to_json(),
        GATE_LIMITS: config.gate.to_json(),
        TRAINER_CONFIG: json_utils.dumps(trainer_config(config)),
        EVAL_CONFIG: proto_utils.proto_to_json(eval_config.eval_config(config.evaluation)),
        SERVING_CHECK: config.serving_check.to_json(),
    }


def with_arguments(config: PipelineConfig, arguments: Mapping[str, str]) -> PipelineConfig:
    """`config` with the arguments of a run, which are text, by dotted key.

    Raises:
      ConfigError: `not_a_run_parameter`: A key is of a section that is compiled into the graph.
      ConfigError: A value is of another type than the key's, or refused by its section.
    """
    typed: dict[str, object] = {}
    for key, text in arguments.items():
        if key.partition(".")[0] not in SECTIONS:
            raise not_a_run_parameter(key)
        typed[key] = text if isinstance(load.value_at(config, key), str) else load.parse(text)
    return load.with_overrides(config, typed)


def absolute(path: str) -> str:
    """An absolute path; the address of a bucket stays as it is."""
    return path if "://" in path else str(pathlib.Path(path).resolve())


def _videos_root(config: PipelineConfig) -> str:
    return absolute(config.data.videos_root or str(pathlib.Path(config.data.manifest).parent))


def trainer_config(config: PipelineConfig) -> dict[str, str]:
    """What `pipeline.modules.trainer` reads from its `custom_config`."""
    return {
        "training": config.training.to_json(),
        "clip": config.clip.to_json(),
        "work_dir": f"{absolute(config.output)}/work",
        fingerprint.PARAMETER: fingerprint.of(
            "pipeline.modules",
            "pipeline.model",
            "pipeline.config.sections",
            "components.artifact_files",
            "schemas",
        ),
    }
