"""Builds the graph of a model or a run: its executions, its artifacts, and the edges between.

The graph of a model holds what it was made of, what judged it and what was pushed of it. Where it
served as a baseline is left out: that is the history of other models.
"""

import dataclasses
import datetime
import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from components.guarded_pusher import keys as pusher_keys
from pipeline.lineage import names, walk
from pipeline.lineage.records import CACHED, COMPLETE, Artifact, Execution, Link, Properties, Run
from pipeline.lineage.store import Store
from pipeline.lineage.walk import Graph
from pipeline.runs import words
from schemas import erased
from schemas.errors import UnknownRunError
from schemas.names import (
    DATA_REPORT,
    DEAD_LETTERS,
    EXAMPLES,
    INFRA_BLESSING,
    MODEL,
    MODEL_BLESSING,
    PUSHED_MODEL,
    VIDEO_MANIFEST,
)

FORMAT: Final = "deepfake-lineage/1"

# Property that holds a verdict, and what its 1 and 0 mean.
_VERDICTS: Final = {
    MODEL_BLESSING: (pusher_keys.BLESSED, "blessed", "not blessed"),
    INFRA_BLESSING: (pusher_keys.BLESSED, "blessed", "not blessed"),
    DATA_REPORT: ("passed", "passed", "refused"),
}
_LIVE: Final = ("LIVE", "UNKNOWN")
_LONGEST_ID: Final = 7  # digits; a longer number is a pushed version or a date


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
      role: What the node stands for; it decides the colour.
      title: Id of the node in the pipeline, or name of the artifact type.
      note: One fact about the node, shown below the title.
      type: Type name in ML Metadata.
      state: State in ML Metadata, in lower case.
      failed: Whether the execution failed or the verdict is negative.
      run: Name of the run; empty for an artifact, which several runs may share.
      pipeline: Name of the pipeline; empty for an artifact.
      created: When it began or was made, in milliseconds since 1970.
      updated: When the execution ended or last changed, in milliseconds since 1970.
      uri: Folder of an artifact; empty for an execution.
      properties: Properties and custom properties, by name.
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
      source: Id of the node that the edge leaves.
      target: Id of the node that the edge enters.
      key: Name of the channel.
    """

    source: str
    target: str
    key: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagram:
    """Nodes by number, executions first, and edges in a fixed order.

    Attributes:
      title: What was asked for, such as `Run 20260101-000001-ab12`.
      nodes: All executions and artifacts.
      edges: Who read or made what; every edge joins two of the nodes.
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


_ROLES: Final = {
    VIDEO_MANIFEST: Role.DATA,
    EXAMPLES: Role.DATA,
    MODEL: Role.MODEL,
    PUSHED_MODEL: Role.MODEL,
    MODEL_BLESSING: Role.VERDICT,
    INFRA_BLESSING: Role.VERDICT,
    DATA_REPORT: Role.VERDICT,
}


def graph_of(store: Store, name: str) -> Diagram:
    """The graph of a run or, where no run is called that, of a model.

    Args:
      store: Store to read.
      name: A run or model, as `names.run` or `names.model` take it; a short number is the id of an
        artifact.

    Raises:
      LineageError: Nothing is called that, or several things are.
    """
    if name.isdigit() and len(name) <= _LONGEST_ID:
        return of_model(store, names.model(store, name))
    try:
        run = names.run(store, name)
    except UnknownRunError:
        return of_model(store, names.model(store, name))
    return of_run(store, run)


def of_run(store: Store, run: Run) -> Diagram:
    """All executions of the run, what they read and what they made or found in the cache."""
    executions = {execution.id: execution for execution in store.executions_of(run.name)}
    links = store.links_of_executions(executions)
    artifacts = store.artifacts(link.artifact_id for link in links)
    return _diagram(f"Run {run.name}", artifacts, executions, links, ())


def of_model(store: Store, model: Artifact) -> Diagram:
    """What the model came from, and the executions that took it, with what they read and made."""
    made_of = walk.with_outputs(store, walk.ancestors(store, [model.id]))
    uses = _uses(store, model)
    return _diagram(
        f"Model {model.id}",
        {**made_of.artifacts, **uses.artifacts},
        {**made_of.executions, **uses.executions},
        {*made_of.links, *uses.links},
        (f"a{model.id}",),
    )


def _uses(store: Store, model: Artifact) -> Graph:
    """Executions that read the model, other than to compare with it, and all their artifacts.

    A cached execution is left out where the execution that it repeats is there.
    """
    read = [
        link.execution_id
        for link in store.links_of_artifacts([model.id])
        if not link.is_output and link.key not in walk.COMPARISONS
    ]
    users = store.executions(read)
    links = store.links_of_executions(users)
    done = {
        link.artifact_id
        for link in links
        if link.is_output and users[link.execution_id].state == COMPLETE
    }
    repeats = {
        link.execution_id
        for link in links
        if link.is_output and link.artifact_id in done and users[link.execution_id].state == CACHED
    }
    kept = tuple(link for link in links if link.execution_id not in repeats)
    return Graph(
        artifacts=store.artifacts(link.artifact_id for link in kept),
        executions={key: user for key, user in users.items() if key not in repeats},
        links=kept,
    )


def _diagram(
    title: str,
    artifacts: Mapping[int, Artifact],
    executions: Mapping[int, Execution],
    links: Iterable[Link],
    focus: tuple[str, ...],
) -> Diagram:
    edges = {
        _edge(link)
        for link in links
        if link.artifact_id in artifacts and link.execution_id in executions
    }
    return Diagram(
        title=title,
        nodes=[
            *(_execution(executions[key]) for key in sorted(executions)),
            *(_artifact(artifacts[key]) for key in sorted(artifacts)),
        ],
        edges=sorted(edges, key=lambda e: (int(e.source[1:]), int(e.target[1:]), e.key, e.source)),
        focus=focus,
    )


def _edge(link: Link) -> Edge:
    artifact, execution = f"a{link.artifact_id}", f"e{link.execution_id}"
    if link.is_output:
        return Edge(source=execution, target=artifact, key=link.key)
    return Edge(source=artifact, target=execution, key=link.key)


def _execution(execution: Execution) -> Node:
    began, ended = _milliseconds(execution.created), _milliseconds(execution.updated)
    state = execution.state.lower()
    took = words.between(began, ended) if execution.state == COMPLETE else ""
    return Node(
        id=f"e{execution.id}",
        role=Role.EXECUTION,
        title=execution.node,
        note=" · ".join(filter(None, [state, took])),
        type=execution.type,
        state=state,
        failed=state == "failed",
        run=execution.run,
        pipeline=execution.pipeline,
        created=began,
        updated=ended,
        properties=execution.properties,
    )


def _artifact(artifact: Artifact) -> Node:
    note, failed = _fact(artifact)
    created = _milliseconds(artifact.created)
    return Node(
        id=f"a{artifact.id}",
        role=_ROLES.get(artifact.type, Role.RECORD),
        title=artifact.type,
        note=note,
        type=artifact.type,
        state=artifact.state.lower(),
        failed=failed,
        created=created,
        updated=created,
        uri=artifact.uri,
        properties=artifact.properties,
    )


def _fact(artifact: Artifact) -> tuple[str, bool]:
    """The one fact for the card, and whether it is bad news."""
    properties = artifact.properties
    if properties.get(erased.TAINTED):
        return "trained on erased data", True
    if artifact.state not in _LIVE:
        return artifact.state.lower(), False
    if artifact.type in _VERDICTS:
        name, good, bad = _VERDICTS[artifact.type]
        if name in properties:
            return (good, False) if properties[name] == 1 else (bad, True)
    if artifact.type == PUSHED_MODEL and pusher_keys.PUSHED in properties:
        if properties[pusher_keys.PUSHED] == 1:
            return f"version {properties.get(pusher_keys.PUSHED_VERSION, '')}", False
        return "not pushed", True
    return _count(artifact) or f"artifact {artifact.id}", False


def _count(artifact: Artifact) -> str:
    properties = artifact.properties
    if artifact.type == DEAD_LETTERS and "num_inputs" in properties:
        return f"{properties.get('num_letters', 0)} of {properties['num_inputs']} left out"
    for noun in ("tracks", "videos"):
        number = properties.get(f"num_{noun}")
        if isinstance(number, int):
            return words.counted(number, noun.removesuffix("s"), noun)
    return ""


def _milliseconds(time: datetime.datetime) -> int:
    return round(time.timestamp() * 1000)
