"""What happens in a run, as typed events; one JSON line each in the run's journal."""

import dataclasses
import enum
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from schemas.run_report import NodeState


class Outcome(str, enum.Enum):
    """How the process that ran the graph ended."""

    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunStarted:
    """A run folder was made; nothing heavy has been imported yet.

    Attributes:
      run_id: Id of the run, also in ML Metadata.
      pipeline: Name of the pipeline.
      from_node: First node to run; empty = from the start.
      to_node: Last node to run; empty = to the end.
      num_clips: Clips per track, K in the configuration.
      notice: What the report must say of its figures; empty if nothing.
    """

    run_id: str
    pipeline: str
    from_node: str = ""
    to_node: str = ""
    num_clips: int = 1
    notice: str = ""
    time: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Planned:
    """The graph is compiled. `nodes` are all its ids, in the order of execution."""

    nodes: tuple[str, ...]
    time: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NodeStarted:
    """A node was handed to its driver."""

    node: str
    time: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progressed:
    """The running node reported; `fields` as in `schemas.progress`."""

    node: str
    fields: Mapping[str, float | int | str]
    time: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NodeEnded:
    """A node ended. `facts` tell what its outputs say; see `pipeline.runners.node_facts`."""

    node: str
    state: NodeState
    seconds: float = 0.0
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    time: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failed:
    """Why the run stopped.

    Attributes:
      node: Id of the node that failed; empty if none was running.
      type: Class of the error.
      code: Stable code of the error, where it has one.
      message: What was found, for a person.
      advice: What to do next.
    """

    type: str
    message: str
    node: str = ""
    code: str = ""
    advice: str = ""
    time: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunEnded:
    """The last event of every run."""

    outcome: Outcome
    time: float = dataclasses.field(default_factory=time.time)


Event = RunStarted | Planned | NodeStarted | Progressed | NodeEnded | Failed | RunEnded
EventSink = Callable[[Event], None]

_TYPES: Mapping[str, Callable[..., Event]] = {
    kind.__name__: kind
    for kind in (RunStarted, Planned, NodeStarted, Progressed, NodeEnded, Failed, RunEnded)
}


def to_json(event: Event) -> str:
    """One line of JSON, the type's name first, without the line end."""
    return json.dumps({"event": type(event).__name__, **dataclasses.asdict(event)})


def from_json(line: str) -> Event:
    """The event of one line.

    Raises:
      ValueError: The line is not an event of this version.
    """
    fields = json.loads(line)
    kind = _TYPES.get(fields.pop("event", ""))
    if kind is None:
        raise ValueError(f"not an event of this version: {line[:200]!r}")
    for name, convert in (("state", NodeState), ("outcome", Outcome), ("nodes", tuple)):
        if name in fields:
            fields[name] = convert(fields[name])
    return kind(**fields)
