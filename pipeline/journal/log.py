"""Journal files of a run: each appended to by one process at a time, followed by another."""

import os
import pathlib
import threading

from pipeline.journal import events
from pipeline.journal.run_folder import RunFolder


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
        """New events in order; none while the file is absent. A torn last line waits."""
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
