"""Packages for Kubeflow: what a configuration must be, what a compiled file holds. Without TFX."""

import dataclasses
import pathlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from pipeline.config import load
from pipeline.config.sections import SQLITE
from pipeline.config.tree import PipelineConfig
from schemas.errors import RunnerError
from schemas.names import PREPARE

# Names the run in reports and listings; of the package alone, so no key of the configuration.
RUN_NAME: Final = "run_name"
_PLACEHOLDER: Final = re.compile(r"\{\{\$\.inputs\.parameters\['(\w+)'\]\}\}")

_ADVICE: Final = "write one with `deepfake compile --target kubeflow`"
_SHARED: Final = ("output", "data.manifest")
_SHARED_IF_GIVEN: Final = ("data.videos_root", "push.base_directory")


@dataclasses.dataclass(frozen=True)
class Package:
    """What a package says of itself.

    Attributes:
      name: Name of the pipeline.
      digest: SHA-256 of the bundle that its first step carries.
      parameters: Keys of the configuration that a run may set, with the names of their Kubeflow
        parameters. `RUN_NAME`, which every package has, is not among them.
    """

    name: str
    digest: str
    parameters: Mapping[str, str]


def read_package(path: pathlib.Path) -> Package:
    """Reads what the package at `path` says of itself, from the arguments of its first step.

    Raises:
      RunnerError: `not_a_package`: No such file, or none that `deepfake compile` wrote.
    """
    try:
        spec = next(iter(yaml.safe_load_all(path.read_text(encoding="utf-8"))))
        arguments = spec["deploymentSpec"]["executors"][f"exec-{PREPARE}"]["container"]["args"]
        return Package(
            name=spec["pipelineInfo"]["name"],
            digest=arguments[arguments.index("--digest") + 1],
            parameters=_parameters(arguments),
        )
    except OSError as error:
        raise RunnerError("not_a_package", f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError, StopIteration) as error:
        raise RunnerError("not_a_package", f"{path} is no YAML; {_ADVICE}") from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RunnerError(
            "not_a_package", f"{path} has no step `{PREPARE}` of ours; {_ADVICE}"
        ) from error


def _parameters(arguments: Sequence[Any]) -> dict[str, str]:
    """`--set KEY VALUE` of the arguments, where VALUE is a parameter of the step."""
    found = {}
    for flag, key, value in zip(arguments, arguments[1:], arguments[2:], strict=False):
        match = flag == "--set" and _PLACEHOLDER.fullmatch(value)
        if match:
            found[key] = match[1]
    return found


def check_cluster(config: PipelineConfig) -> None:
    """Refuses what cannot work with steps in several pods.

    Raises:
      RunnerError: `not_on_volume`: A path does not lie on the shared volume.
      RunnerError: `sqlite_on_cluster`: ML Metadata is kept in a file.
    """
    root = posixpath.normpath(config.kubeflow.mount_path)
    for key in (*_SHARED, *_SHARED_IF_GIVEN):
        path = str(load.value_at(config, key))
        if _lies_below(path, root) or (not path and key in _SHARED_IF_GIVEN):
            continue
        raise RunnerError(
            "not_on_volume",
            f"{key} must lie below {root}, where every step mounts the shared volume"
            f" (kubeflow.mount_path), got {path!r}",
        )
    if config.metadata.backend == SQLITE:
        raise RunnerError(
            "sqlite_on_cluster",
            "metadata.backend is sqlite, a file for one machine, but on a cluster several pods"
            " write at once; set metadata.backend to mysql, and metadata.host",
        )


def _lies_below(path: str, root: str) -> bool:
    return posixpath.normpath(path).startswith(root.rstrip("/") + "/")
