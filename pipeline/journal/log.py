"""The journal file of a run: appended to by one process, followed by another."""

import pathlib
import threading

from pipeline.journal import events


class Journal:
    """Appends events to a file, one line each, at once on disk; safe in threads."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def append(self, event: events.Event) -> None:
        """Writes one event; the line is complete or absent for whoever reads."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(events.to_json(event) + "\n")


class Follower:
    """Reads the events that a journal has gained since the last call."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._position = 0

    def read(self) -> list[events.Event]:
        """New events in order; none while the file is absent. A torn last line waits."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._position)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._position += len(complete) + len(newline)
        return [events.from_json(line.decode()) for line in complete.splitlines()]
