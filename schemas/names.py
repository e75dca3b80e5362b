"""Ids of the graph's nodes and of a cluster's own steps: known without importing TFX.

`pipeline.graph` is where the nodes are made; a test holds the two together.
"""

from typing import Final

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
