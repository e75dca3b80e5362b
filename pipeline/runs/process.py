"""A process that runs nodes: how it begins, how it is interrupted, and how it ended."""

import collections
import faulthandler
import logging
import os
import pathlib
import re
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Final, NoReturn

from pipeline.runs import events
from pipeline.runs.journal import Journal

MAX_MESSAGE_LINES = 12
# Beam reports what a worker raised as the text of its traceback.
_LAST_LINE_OF_TRACEBACK = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Exit)): (.+)$", re.M)
_WHILE_RUNNING = re.compile(r"\s*\[while running '[^']*'\]")
_ADVICE = "Fix the cause and give the same command again: finished nodes come from the cache."

_SEEN = threading.Event()
FAILED: Final = 1
INTERRUPTED: Final = 130
_FORMAT: Final = "%(asctime)s %(levelname).1s %(name)s: %(message)s"
_SHOWN_LOG_LINES = 8


def describe_failure(error: BaseException, node: str) -> events.Failed:
    """The event for an error that stopped the run.

    The first error of the chain that has a stable `code` is the one to show: it was raised on
    purpose, with a message for people. Without one it is the outermost.

    Args:
      error: Exception that was raised.
      node: Id of the node that was started last; empty if none.
    """
    coded = next((link for link in _chain(error) if _code(link)), None)
    shown = coded or error
    kind, message = type(shown).__name__, str(shown)
    if coded is None and "Traceback (most recent call last)" in message:
        kind, message = _innermost(message, kind)
    return events.Failed(
        node=node,
        type=kind,
        code=_code(shown),
        message=_first_lines(_WHILE_RUNNING.sub("", message)) or kind,
        advice=_ADVICE,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _code(error: BaseException) -> str:
    code = getattr(error, "code", "")
    return code if isinstance(code, str) else ""  # gRPC, HTTP and exits have codes of other types


def _innermost(text: str, kind: str) -> tuple[str, str]:
    """Type and message of the first error that a printed traceback ends with."""
    found = _LAST_LINE_OF_TRACEBACK.search(text)
    return (found[1].rpartition(".")[2], found[2]) if found else (kind, text)


def _first_lines(message: str) -> str:
    lines = message.strip().splitlines()
    if len(lines) > MAX_MESSAGE_LINES:
        lines = [*lines[:MAX_MESSAGE_LINES], f"... {len(lines) - MAX_MESSAGE_LINES} more lines"]
    return "\n".join(lines)


def install() -> None:
    """Makes SIGINT and SIGTERM raise KeyboardInterrupt, which `is_interrupt` remembers.

    SIGINT, too, where a shell without job control started this process with it ignored.
    """
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)


def is_interrupt(error: BaseException) -> bool:
    """Whether `error` came of an interrupt, and not of the work."""
    return _SEEN.is_set() or not isinstance(error, Exception)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _SEEN.set()
    raise KeyboardInterrupt


class Ending:
    """Writes how this process ended into a journal, and its traceback into the log.

    Args:
      journal: Journal of the run, or of the step.
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
        if error is not None and is_interrupt(error):
            logging.info("interrupted")
            outcome, self.status = events.Outcome.INTERRUPTED, INTERRUPTED
        elif error is not None:
            logging.error("%s failed", self._node or "the run", exc_info=error)
            self._journal.append(describe_failure(error, self._node))
            outcome, self.status = events.Outcome.FAILED, FAILED
        if self._ends_run:
            self._journal.append(events.RunEnded(outcome=outcome))
        return True


def prepare() -> None:
    """Sets up this process: tracebacks of crashes, logs on stderr, and signals as interrupts."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format=_FORMAT, stream=sys.stderr)
    install()


def end(status: int) -> NoReturn:
    """Ends this process at once: tearing TensorFlow, Beam and gRPC down takes seconds."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def killed_by(number: signal.Signals) -> str:
    """What became of a process that a signal ended."""
    guess = " (out of memory?)" if number is signal.SIGKILL else ""
    return f"was killed by {number.name}{guess}"


def last_lines(log: pathlib.Path) -> str:
    """The end of a log, as much of it as a report shows."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return "\n".join(line.rstrip() for line in collections.deque(lines, _SHOWN_LOG_LINES))
