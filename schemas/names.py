"""Ids of the graph's nodes and of a cluster's own steps: known without importing TFX.

`pipeline.graph` is where the nodes are made; a test holds the two together.
"""

from collections.abc import Sequence
from typing import Final

from schemas.errors import RunnerError, did_you_mean

NODES: Final = (
    "VideoValidator",
    "FrameExtractor",
    "StatisticsGen",
    "ImportSchemaGen",
    "ExampleValidator",
    "DataGate",
    "Transform",
    "Trainer",
    "LatestBlessedModel",
    "Evaluator",
    "ServingValidator",
    "Pusher",
)

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
