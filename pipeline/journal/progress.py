"""Progress records of components and trainers, turned into events of the running node."""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Iterator

from pipeline.journal import events
from schemas import progress

INTERVAL_SECONDS = 0.2


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
