"""What is drawn: executions and artifacts with everything that a reader may ask of them."""

import dataclasses
import enum
import json
from collections.abc import Sequence
from typing import Final

from pipeline.lineage.records import Properties

FORMAT: Final = "deepfake-lineage/1"


class Role(str, enum.Enum):
    """What a node is for; it decides its shape and colour."""

    EXECUTION = "execution"
    DATA = "data"
    RECORD = "record"
    MODEL = "model"
    VERDICT = "verdict"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Node:
    """One execution or artifact.

    Attributes:
      id: `e` or `a` and its number in ML Metadata.
      role: What it is for.
      title: Its node in the pipeline, or its artifact type.
      note: The one fact worth a line on the card.
      type: Type name in ML Metadata.
      state: State in ML Metadata, in lower case.
      failed: The execution failed or the verdict is negative.
      run: Name of the run; empty where several share the artifact.
      pipeline: Name of the pipeline; empty for an artifact.
      created: Milliseconds since 1970.
      updated: Milliseconds since 1970.
      uri: Of an artifact; else empty.
      properties: Its properties and custom properties, by name.
    """

    id: str
    role: Role
    title: str
    note: str
    type: str
    state: str
    failed: bool = False
    run: str = ""
    pipeline: str = ""
    created: int = 0
    updated: int = 0
    uri: str = ""
    properties: Properties = dataclasses.field(default_factory=dict)

    @property
    def is_execution(self) -> bool:
        return self.role is Role.EXECUTION


@dataclasses.dataclass(frozen=True, kw_only=True)
class Edge:
    """Artifact into execution, or execution to artifact.

    Attributes:
      source: Node that it leaves.
      target: Node that it enters.
      key: Name of the channel.
    """

    source: str
    target: str
    key: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagram:
    """Nodes by number, executions first, and edges in a fixed order.

    Attributes:
      title: What was asked for.
      nodes: All nodes.
      edges: Every edge joins two of the nodes.
      focus: Ids of the nodes that were asked for.
    """

    title: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    focus: Sequence[str] = ()

    @property
    def executions(self) -> list[Node]:
        return [node for node in self.nodes if node.is_execution]

    @property
    def artifacts(self) -> list[Node]:
        return [node for node in self.nodes if not node.is_execution]


def to_json(diagram: Diagram) -> str:
    """The diagram as JSON: `format`, `title`, `focus`, `nodes` and `edges`."""
    return json.dumps({"format": FORMAT} | dataclasses.asdict(diagram), indent=1) + "\n"
