"""How a process that ran nodes ended: into its journal, and as its exit status."""

import logging
from types import TracebackType
from typing import Final

from pipeline.journal import events, failures, interrupts
from pipeline.journal.log import Journal

FAILED: Final = 1
INTERRUPTED: Final = 130


class Ending:
    """Writes how this process ended into a journal, and its traceback into the log.

    Args:
      journal: Of the run, or of the step.
      ends_run: Whether the run ends with this process.
      node: Id of the node that a failure is put down to until another one starts.

    Attributes:
      status: Exit status of the process.
    """

    def __init__(self, journal: Journal, *, ends_run: bool = True, node: str = "") -> None:
        self._journal = journal
        self._ends_run = ends_run
        self._node = node
        self.status = 0

    def sink(self, event: events.Event) -> None:
        """Passes events to the journal and remembers which node was started last."""
        if isinstance(event, events.NodeStarted):
            self._node = event.node
        self._journal.append(event)

    def __enter__(self) -> "Ending":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        outcome = events.Outcome.FINISHED
        if error is not None and interrupts.is_interrupt(error):
            logging.info("interrupted")
            outcome, self.status = events.Outcome.INTERRUPTED, INTERRUPTED
        elif error is not None:
            logging.error("%s failed", self._node or "the run", exc_info=error)
            self._journal.append(failures.describe(error, self._node))
            outcome, self.status = events.Outcome.FAILED, FAILED
        if self._ends_run:
            self._journal.append(events.RunEnded(outcome=outcome))
        return True
