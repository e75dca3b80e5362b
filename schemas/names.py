"""Ids of the graph's nodes and of a cluster's own steps, and the artifact types between them.

Known without importing TFX. `pipeline.graph` is where the nodes are made, TFX and
`components.artifact_types` are where the types are; tests hold them together.
"""

from collections.abc import Sequence
from typing import Final

from schemas.errors import RunnerError, did_you_mean

VIDEO_VALIDATOR: Final = "VideoValidator"
FRAME_EXTRACTOR: Final = "FrameExtractor"
STATISTICS_GEN: Final = "StatisticsGen"
IMPORT_SCHEMA_GEN: Final = "ImportSchemaGen"
EXAMPLE_VALIDATOR: Final = "ExampleValidator"
DATA_GATE: Final = "DataGate"
TRANSFORM: Final = "Transform"
TRAINER: Final = "Trainer"
LATEST_BLESSED_MODEL: Final = "LatestBlessedModel"
EVALUATOR: Final = "Evaluator"
SERVING_VALIDATOR: Final = "ServingValidator"
PUSHER: Final = "Pusher"
NODES: Final = (
    VIDEO_VALIDATOR,
    FRAME_EXTRACTOR,
    STATISTICS_GEN,
    IMPORT_SCHEMA_GEN,
    EXAMPLE_VALIDATOR,
    DATA_GATE,
    TRANSFORM,
    TRAINER,
    LATEST_BLESSED_MODEL,
    EVALUATOR,
    SERVING_VALIDATOR,
    PUSHER,
)

# Artifact types, ours and those of TFX.
VIDEO_MANIFEST: Final = "VideoManifest"
DEAD_LETTERS: Final = "DeadLetters"
EXAMPLES: Final = "Examples"
EXAMPLE_STATISTICS: Final = "ExampleStatistics"
SCHEMA: Final = "Schema"
DATA_REPORT: Final = "DataReport"
TRANSFORM_GRAPH: Final = "TransformGraph"
MODEL: Final = "Model"
MODEL_EVALUATION: Final = "ModelEvaluation"
MODEL_BLESSING: Final = "ModelBlessing"
INFRA_BLESSING: Final = "InfraBlessing"
PUSHED_MODEL: Final = "PushedModel"

# Steps of a Kubeflow run besides the nodes: one before all of them, one after, whatever happened.
PREPARE: Final = "prepare"
REPORT: Final = "report"

# Properties of artifacts that name another artifact, by its id and by its URI. Evaluator,
# ServingValidator and TFX's former ModelValidator write them; the resolver of the latest blessed
# model and GuardedPusher read them.
ARTIFACT_ID_PROPERTIES: Final = frozenset(
    {"current_model_id", "baseline_model_id", "blessed_model_id"}
)
ARTIFACT_URI_PROPERTIES: Final = frozenset(
    {"current_model", "baseline_model", "pushed_destination", "stats_dashboard_link"}
)


def unknown_node(name: str, known: Sequence[str]) -> RunnerError:
    """A name that is no node of the graph."""
    hint = did_you_mean(name, known, cutoff=0.5)
    return RunnerError("unknown_node", f"no node {name!r}{hint} (nodes: {', '.join(known)})")
