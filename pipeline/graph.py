"""The pipeline graph: one function per stage, and the one place where they are wired.

Nothing runs here and nothing is read, but for the digests of our own sources.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

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
from tfx.orchestration import data_types
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types import standard_artifacts, standard_component_specs

from components import fingerprint
from components.data_gate import keys as gate_keys
from components.data_gate.component import DataGate
from components.frame_extractor.component import FrameExtractor
from components.guarded_pusher.component import Pusher
from components.serving_validator import keys as serving_keys
from components.serving_validator.component import ServingValidator
from components.video_validator import keys as validator_keys
from components.video_validator.component import VideoValidator
from pipeline import parameters
from pipeline.config.tree import PipelineConfig
from pipeline.evaluation import baseline, eval_config
from schemas import erased, names
from schemas.taxonomy import Split

# Execution property to runtime parameter, by node.
_RUNTIME_PROPERTIES: Final[Mapping[str, Mapping[str, str]]] = {
    names.VIDEO_VALIDATOR: {
        validator_keys.MANIFEST_PATH: parameters.MANIFEST_PATH,
        validator_keys.VIDEOS_ROOT: parameters.VIDEOS_ROOT,
        validator_keys.RULES: parameters.RULES,
        validator_keys.SPLITS: parameters.SPLITS,
    },
    names.IMPORT_SCHEMA_GEN: {standard_component_specs.SCHEMA_FILE_KEY: parameters.SCHEMA_FILE},
    names.DATA_GATE: {gate_keys.LIMITS: parameters.GATE_LIMITS},
    names.TRAINER: {standard_component_specs.CUSTOM_CONFIG_KEY: parameters.TRAINER_CONFIG},
    names.EVALUATOR: {standard_component_specs.EVAL_CONFIG_KEY: parameters.EVAL_CONFIG},
    names.SERVING_VALIDATOR: {serving_keys.CHECK_CONFIG: parameters.SERVING_CHECK},
}


class _Data(NamedTuple):
    """Channels of the validated, extracted data."""

    manifest: types.BaseChannel
    examples: types.BaseChannel
    schema: types.BaseChannel


def create_pipeline(
    config: PipelineConfig, *, runtime_parameters: bool = False
) -> tfx_pipeline.Pipeline:
    """Builds the whole graph of `config`; nothing runs and nothing is read but the schema's digest.

    Neither the metadata connection nor Beam's arguments are part of it: a runner brings both, so
    that no password is written into a compiled graph and no engine into a cache key.

    Args:
      config: The configuration tree; `data.manifest` must be set.
      runtime_parameters: Whether what `pipeline.parameters` names is left open as TFX runtime
        parameters, without defaults: nothing of the machine that compiles is in the graph.
    """
    data, data_nodes = _data_stage(config)
    transform, trainer = _training_stage(config, data)
    transform.add_upstream_node(data_nodes[-1])  # DataGate: no node reads its report
    nodes = [*data_nodes, transform, trainer, *_push_stage(config, data, trainer)]
    if runtime_parameters:
        _open_parameters(nodes)
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=artifacts_root(config),
        components=nodes,
        enable_cache=config.cache,
    )


def artifacts_root(config: PipelineConfig) -> str:
    """Folder under which TFX writes every artifact."""
    return f"{parameters.absolute(config.output)}/artifacts"


def push_directory(config: PipelineConfig) -> str:
    """Folder of the model's version directories, as TensorFlow Serving watches it."""
    base = config.push.base_directory or f"{config.output}/serving"
    return f"{parameters.absolute(base)}/{config.push.model_name}"


def _open_parameters(nodes: list[base_node.BaseNode]) -> None:
    for node in nodes:
        for key, name in _RUNTIME_PROPERTIES.get(node.id, {}).items():
            node.exec_properties[key] = data_types.RuntimeParameter(name=name, ptype=str)


def _data_stage(config: PipelineConfig) -> tuple[_Data, list[base_node.BaseNode]]:
    values = parameters.values(config)
    validator = VideoValidator(
        manifest_path=values[parameters.MANIFEST_PATH],
        videos_root=values[parameters.VIDEOS_ROOT],
        rules=values[parameters.RULES],
        splits=values[parameters.SPLITS],
        erased_list=f"{parameters.absolute(config.output)}/{erased.FILE_NAME}",
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
    schema = ImportSchemaGen(schema_file=values[parameters.SCHEMA_FILE])
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
        limits=values[parameters.GATE_LIMITS],
    )
    data = _Data(validator.outputs["manifest"], examples, schema.outputs["schema"])
    return data, [validator, extractor, statistics, schema, anomalies, gate]


def _training_stage(config: PipelineConfig, data: _Data) -> tuple[Transform, Trainer]:
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
        custom_config=parameters.trainer_config(config),
    )
    return transform, trainer


def _push_stage(config: PipelineConfig, data: _Data, trainer: Trainer) -> list[base_node.BaseNode]:
    model = trainer.outputs["model"]
    latest_blessed = Resolver(
        strategy_class=baseline.LatestComparableModelStrategy,
        config={baseline.CLIP_SPEC: config.clip.to_json()},
        model=types.Channel(type=standard_artifacts.Model),
        model_blessing=types.Channel(type=standard_artifacts.ModelBlessing),
    ).with_id(names.LATEST_BLESSED_MODEL)
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
        check_config=parameters.values(config)[parameters.SERVING_CHECK],
        model_name=config.push.model_name,
    )
    pusher = Pusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"],
        base_directory=push_directory(config),
    )
    return [latest_blessed, evaluator, validator, pusher]
