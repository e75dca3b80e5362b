"""The pipeline graph: one function per stage, and the one place where they are wired.

Nothing runs here and nothing is read, but for the digests of our own sources.
"""

import dataclasses
import json
import pathlib
from typing import Any, Final, NamedTuple

import tensorflow_data_validation as tfdv
from tfx import types
from tfx.components.evaluator.component import Evaluator
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.trainer.component import Trainer
from tfx.components.transform.component import Transform
from tfx.dsl.components.base import base_node
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types import standard_artifacts

from components import fingerprint
from components.data_gate.component import DataGate
from components.frame_extractor.component import FrameExtractor
from components.guarded_pusher.component import Pusher
from components.serving_validator.component import ServingValidator
from components.video_validator.component import VideoValidator
from pipeline.config.tree import PipelineConfig
from pipeline.evaluation import baseline, eval_config
from schemas import resources
from schemas.taxonomy import Split

BASELINE_ID: Final = "LatestBlessedModel"


class _Data(NamedTuple):
    """Channels of the validated, extracted data."""

    manifest: types.BaseChannel
    examples: types.BaseChannel
    schema: types.BaseChannel


def create_pipeline(config: PipelineConfig, *, beam_args: list[str]) -> tfx_pipeline.Pipeline:
    """Builds the whole graph of `config`; nothing runs and nothing is read but the schema's digest.

    Args:
      config: The configuration tree; `data.manifest` must be set.
      beam_args: Arguments of every Beam pipeline, from `pipeline.runners.beam`.
    """
    data, data_nodes = _data_stage(config)
    transform, trainer = _training_stage(config, data)
    transform.add_upstream_node(data_nodes[-1])  # DataGate: nothing reads its report, all obey it
    gate_nodes = _release_stage(config, data, trainer)
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(artifacts_root(config)),
        components=[*data_nodes, transform, trainer, *gate_nodes],
        enable_cache=config.cache,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            str(metadata_path(config))
        ),
        beam_pipeline_args=beam_args,
    )


def artifacts_root(config: PipelineConfig) -> pathlib.Path:
    """Folder under which TFX writes every artifact."""
    return pathlib.Path(config.output).resolve() / "artifacts"


def metadata_path(config: PipelineConfig) -> pathlib.Path:
    """SQLite file of the ML Metadata store."""
    default = pathlib.Path(config.output) / "metadata.db"
    return pathlib.Path(config.metadata.sqlite or default).resolve()


def push_directory(config: PipelineConfig) -> pathlib.Path:
    """Folder of the model's version directories, as TensorFlow Serving watches it."""
    base = config.push.base_directory or pathlib.Path(config.output) / "serving"
    return pathlib.Path(base).resolve() / config.push.model_name


def _data_stage(config: PipelineConfig) -> tuple[_Data, list[base_node.BaseNode]]:
    validator = VideoValidator(
        manifest_path=str(pathlib.Path(config.data.manifest).resolve()),
        videos_root=_videos_root(config),
        rules=_json(config.rules),
        splits=_json(config.splits),
    )
    extractor = FrameExtractor(
        manifest=validator.outputs["manifest"],
        clip_spec=config.clip,
        face_config=config.faces,
        timeout_seconds=config.extraction.timeout_seconds,
    )
    examples = extractor.outputs["examples"]
    statistics = StatisticsGen(
        examples=examples,
        # Without it TFDV ignores the image domain of the schema.
        stats_options=tfdv.StatsOptions(enable_semantic_domain_stats=True),
    )
    schema = ImportSchemaGen(schema_file=str(resources.TRACK_EXAMPLE_SCHEMA))
    # TFX keys this node by the file's name: without this, an edited schema would come from cache.
    schema.exec_properties[fingerprint.PARAMETER] = fingerprint.of("schemas")
    anomalies = ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    gate = DataGate(
        anomalies=anomalies.outputs["anomalies"],
        statistics=statistics.outputs["statistics"],
        manifest=validator.outputs["manifest"],
        examples=examples,
        letters_validator=validator.outputs["dead_letters"],
        letters_extractor=extractor.outputs["dead_letters"],
        limits=_json(config.gate),
    )
    data = _Data(validator.outputs["manifest"], examples, schema.outputs["schema"])
    return data, [validator, extractor, statistics, schema, anomalies, gate]


def _training_stage(config: PipelineConfig, data: _Data) -> tuple[Transform, Trainer]:
    code = fingerprint.of("pipeline.modules", "pipeline.model", "schemas")
    transform = Transform(
        examples=data.examples,
        schema=data.schema,
        preprocessing_fn="pipeline.modules.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(
            analyze=[Split.TRAIN.value], transform=[split.value for split in Split]
        ),
        custom_config={
            fingerprint.PARAMETER: fingerprint.of("pipeline.modules.preprocessing", "schemas")
        },
        disable_statistics=True,
    )
    trainer = Trainer(
        run_fn="pipeline.modules.trainer.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        train_args=trainer_pb2.TrainArgs(splits=[Split.TRAIN.value]),
        eval_args=trainer_pb2.EvalArgs(splits=[Split.VAL.value, Split.CALIBRATION.value]),
        custom_config={
            "training": _json(config.training),
            "clip": config.clip.to_json(),
            "work_dir": str(pathlib.Path(config.output).resolve() / "work"),
            fingerprint.PARAMETER: code,
        },
    )
    return transform, trainer


def _release_stage(
    config: PipelineConfig, data: _Data, trainer: Trainer
) -> list[base_node.BaseNode]:
    model = trainer.outputs["model"]
    latest_blessed = Resolver(
        strategy_class=baseline.LatestComparableModelStrategy,
        config={baseline.CLIP_SPEC: config.clip.to_json()},
        model=types.Channel(type=standard_artifacts.Model),
        model_blessing=types.Channel(type=standard_artifacts.ModelBlessing),
    ).with_id(BASELINE_ID)
    evaluator = Evaluator(
        examples=data.examples,
        model=model,
        baseline_model=latest_blessed.outputs["model"],
        example_splits=[Split.TEST.value],
        eval_config=eval_config.eval_config(config.evaluation),
    )
    validator = ServingValidator(
        model=model,
        examples=data.examples,
        check_config=_json(config.serving_check),
        model_name=config.push.model_name,
    )
    pusher = Pusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"],
        base_directory=str(push_directory(config)),
    )
    return [latest_blessed, evaluator, validator, pusher]


def _videos_root(config: PipelineConfig) -> str:
    root = config.data.videos_root or pathlib.Path(config.data.manifest).parent
    return str(pathlib.Path(root).resolve())


def _json(section: Any) -> str:
    return json.dumps(dataclasses.asdict(section), sort_keys=True)
