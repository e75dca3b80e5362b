"""RunState: the state of a run, computed from its events, for the live view and the report."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.runs import events
from pipeline.runs.events import Outcome
from schemas.run_report import NodeState


@dataclasses.dataclass
class NodeRecord:
    """One node of the run.

    Attributes:
      id: Id of the node in the graph.
      state: How far the node is.
      started: When the node started, as Unix time; 0 before.
      seconds: Seconds of driver, executor and publisher together.
      progress: Fields of the last progress report, as in `schemas.progress`; empty before.
      progressed: When that report came, as Unix time; 0 before.
      facts: Facts that its outputs hold, as `pipeline.runners.node_facts` reads them.
    """

    id: str
    state: NodeState = NodeState.WAITING
    started: float = 0.0
    seconds: float = 0.0
    progress: Mapping[str, float | int | str] = dataclasses.field(default_factory=dict)
    progressed: float = 0.0
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class RunState:
    """The state of a run after the events applied so far.

    Attributes:
      start: First event of the run; None before it.
      nodes: Record of each node by id, in the order of execution; empty until the graph is
        compiled.
      error: Why the run stopped, if it did.
      outcome: How the run ended; None while it goes on.
      ended: When the last event happened, as Unix time.
    """

    def __init__(self, happened: Iterable[events.Event] = ()) -> None:
        self.start: events.RunStarted | None = None
        self.nodes: dict[str, NodeRecord] = {}
        self.error: events.Failed | None = None
        self.outcome: Outcome | None = None
        self.ended = 0.0
        for event in happened:
            self.apply(event)

    def apply(self, event: events.Event) -> None:
        """Takes one more event into account."""
        self.ended = max(self.ended, event.time)
        match event:
            case events.RunStarted():
                self.start = event
            case events.Planned():
                # A step on another machine may have told of itself first.
                self.nodes = {node: self._node(node) for node in event.nodes}
                self._forget_error("")
            case events.NodeStarted():
                record = self._node(event.node)
                record.state, record.started = NodeState.RUNNING, event.time
                self._forget_error(event.node)
            case events.Progressed():
                record = self._node(event.node)
                record.progress, record.progressed = event.fields, event.time
            case events.NodeEnded():
                record = self._node(event.node)
                record.state, record.seconds = event.state, event.seconds
                record.facts = event.facts
            case events.Failed():
                self.error = self.error or event
            case events.RunEnded():
                self.outcome = event.outcome
                self._close_running_nodes()
                if event.outcome is Outcome.INTERRUPTED:
                    self._forget_what_never_began()

    @property
    def running(self) -> NodeRecord | None:
        """The node at work, if any."""
        at_work = (node for node in self.nodes.values() if node.state is NodeState.RUNNING)
        return next(at_work, None)

    def _forget_what_never_began(self) -> None:
        """Drops the error of a node that was never reached: the interrupt explains it."""
        node = self.nodes.get(self.error.node) if self.error else None
        if node is not None and node.state is NodeState.WAITING:
            self.error = None

    def _forget_error(self, node: str) -> None:
        """Drops the error of a node that is tried again."""
        if self.error is not None and self.error.node == node:
            self.error = None

    def _node(self, node: str) -> NodeRecord:
        return self.nodes.setdefault(node, NodeRecord(node))

    def _close_running_nodes(self) -> None:
        failed = self.outcome is Outcome.FAILED
        for node in self.nodes.values():
            if node.state is NodeState.RUNNING:  # its process died before it could say so
                node.state = NodeState.FAILED if failed else NodeState.INTERRUPTED
                node.seconds = self.ended - node.started
