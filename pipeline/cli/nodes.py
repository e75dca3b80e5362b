"""Ids of the graph's nodes, for `--from` and `--to`: known without importing TFX.

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
