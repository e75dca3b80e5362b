"""Journals: files of events, each appended to by one process at a time and followed by another."""

import contextlib
import json
import logging
import os
import pathlib
import threading
import time
from collections.abc import Iterator

from pipeline.runs import events
from pipeline.runs.folders import RunFolder
from schemas import progress

INTERVAL_SECONDS = 0.2


class Journal:
    """Appends events to a file, one line each, at once on disk; safe in threads."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def append(self, event: events.Event) -> None:
        """Writes one event, with one call: the line is complete or absent for whoever reads."""
        line = f"{events.to_json(event)}\n".encode()
        with self._lock, self._path.open("ab", buffering=0) as file:
            os.write(file.fileno(), line)


class Follower:
    """Reads the events that a journal has gained since the last call."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._position = 0

    def read(self) -> list[events.Event]:
        """New events in order; none while the file is absent. An incomplete last line is left."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._position)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._position += len(complete) + len(newline)
        return [events.from_json(line.decode()) for line in complete.splitlines()]


class RunFollower:
    """Follows the journal of a run and those of its container steps."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._run = Follower(folder.journal)
        self._steps: dict[pathlib.Path, Follower] = {}

    def read(self) -> list[events.Event]:
        """New events of all journals: those of one journal in order, all of them by time."""
        found = self._run.read()
        for path in sorted(self._folder.steps.glob("*.jsonl")):
            found += self._steps.setdefault(path, Follower(path)).read()
        return sorted(found, key=lambda event: event.time)


@contextlib.contextmanager
def forwarded(
    sink: events.EventSink, *, interval_seconds: float = INTERVAL_SECONDS
) -> Iterator[events.EventSink]:
    """Listens to `schemas.progress` while the context is open.

    Args:
      sink: Gets the events of the yielded sink and, between them, the progress.
      interval_seconds: Least time between two reports that are passed on; the last report of a
        node always is.

    Yields:
      The sink to give to the runner: from its events the handler knows which node is running.
    """
    handler = _Handler(sink, interval_seconds)
    logger = logging.getLogger(progress.LOGGER_NAME)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False  # The journal has them; in the log they would be noise.
    logger.addHandler(handler)
    try:
        yield handler.follow
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class _Handler(logging.Handler):
    """Passes on the latest report of the running node, at most once per interval."""

    def __init__(self, sink: events.EventSink, interval_seconds: float) -> None:
        super().__init__()
        self._sink = sink
        self._interval = interval_seconds
        self._lock = threading.Lock()
        self._node = ""
        self._held: events.Progressed | None = None
        self._last = 0.0

    def follow(self, event: events.Event) -> None:
        """Learns from the runner's event which node is running, and passes it on."""
        with self._lock:
            if isinstance(event, events.NodeStarted):
                self._node, self._last = event.node, 0.0
            elif isinstance(event, events.NodeEnded):
                if self._held is not None:
                    self._sink(self._held)
                self._node, self._held = "", None
            self._sink(event)

    def emit(self, record: logging.LogRecord) -> None:
        with self._lock:
            if not self._node:
                return
            self._held = events.Progressed(node=self._node, fields=json.loads(record.getMessage()))
            now = time.monotonic()
            if now - self._last >= self._interval:
                self._sink(self._held)
                self._held, self._last = None, now
