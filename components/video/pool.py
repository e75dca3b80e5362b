"""Extraction in child processes: in parallel, and with a time limit for each video.

Children are started with `subprocess` rather than `multiprocessing`: a fork of a process that
runs TensorFlow may hang, and a spawn would import the parent's main module once more. They
stay for the next video; one that exceeds its limit dies and is replaced.
"""

import dataclasses
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing import connection
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from components.video import clips, errors, worker
from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig

T = TypeVar("T")

_MODULE: Final = "components.video.worker"
_CRASHES: Final = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT}
)


class WorkerError(Exception):
    """A child failed for a reason that is not the video's: a bug, or no memory."""


@dataclasses.dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of one submitted video.

    Attributes:
      item: As it was submitted.
      tracks: Its face tracks, the dominant one first; empty if it failed.
      error: Why it cannot be used; None if it can.
    """

    item: T
    tracks: Sequence[clips.Track]
    error: errors.VideoError | None


@dataclasses.dataclass(eq=False)
class _Child:
    process: subprocess.Popen[bytes]
    link: Any  # multiprocessing.connection.Connection
    item: Any = None
    is_busy: bool = False


class TrackPool(Generic[T]):
    """Runs `clips.iter_tracks` on several videos at once; not for several threads.

    Submit while `is_full` is false, collect with `wait`. Children start when first needed.
    """

    def __init__(
        self,
        spec: ClipSpec,
        faces: FaceConfig,
        *,
        timeout_seconds: float,
        num_workers: int = 1,
    ) -> None:
        if timeout_seconds <= 0:
            raise ValueError(f"timeout_seconds must be positive, got {timeout_seconds!r}")
        if num_workers < 1:
            raise ValueError(f"num_workers must be at least 1, got {num_workers!r}")
        self._setup = worker.Setup(spec.to_json(), faces.to_json(), timeout_seconds)
        self._num_workers = num_workers
        self._children: list[_Child] = []

    @property
    def num_running(self) -> int:
        """Videos submitted and not yet collected."""
        return sum(child.is_busy for child in self._children)

    @property
    def is_full(self) -> bool:
        """Whether `wait` must be called before the next `submit`."""
        return self.num_running == self._num_workers

    def submit(self, item: T, path: str, *, max_tracks: int) -> None:
        """Starts the extraction of at most `max_tracks` tracks from the video at `path`.

        Raises:
          RuntimeError: The pool is full.
        """
        if self.is_full:
            raise RuntimeError(f"all {self._num_workers} workers are busy: call wait() first")
        child = next((child for child in self._children if not child.is_busy), None)
        if child is None:
            child = _start(self._setup)
            self._children.append(child)
        child.item, child.is_busy = item, True
        _send(child, worker.Job(path, max_tracks))

    def wait(self) -> list[Outcome[T]]:
        """Waits until at least one video is done; all that are done, in no special order.

        Raises:
          WorkerError: A child met a bug, was killed, or could not start; the pool is closed.
        """
        links = {child.link: child for child in self._children if child.is_busy}
        try:
            return [self._collect(links[link]) for link in connection.wait(list(links))]
        except WorkerError:
            self.close()
            raise

    def close(self) -> None:
        """Ends all children; videos that were not collected are lost."""
        for child in self._children:
            child.link.close()
            if child.is_busy:
                child.process.kill()
            child.process.wait()
        self._children.clear()

    def __enter__(self) -> "TrackPool[T]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _collect(self, child: _Child) -> Outcome[T]:
        try:
            answer: worker.Answer = child.link.recv()
        except (EOFError, ConnectionResetError):
            answer = self._bury(child)
        child.is_busy = False
        if isinstance(answer, str):
            raise WorkerError(f"extraction of {child.item} failed:\n{answer}")
        if isinstance(answer, errors.VideoError):
            return Outcome(child.item, (), answer)
        return Outcome(child.item, answer, None)

    def _bury(self, child: _Child) -> errors.VideoError | str:
        """Removes a dead child; says what it died of."""
        self._children.remove(child)
        child.link.close()
        status = -child.process.wait()
        if status == worker.TIME_LIMIT_SIGNAL:
            return errors.DecodeTimeoutError(
                f"not done after {self._setup.timeout_seconds:g} seconds; "
                f"shorten the video or raise extraction.timeout_seconds"
            )
        if status in _CRASHES:
            return errors.UndecodableVideoError(
                f"the decoder crashed ({signal.Signals(status).name}); export the video again"
            )
        return f"the worker process ended with status {-status}; its messages are in the log"


def _start(setup: worker.Setup) -> _Child:
    """Starts a child that finds the modules that this process finds."""
    ours, theirs = multiprocessing.Pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", _MODULE, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    theirs.close()
    child = _Child(process, ours)
    _send(child, setup)
    return child


def _send(child: _Child, message: tuple[object, ...]) -> None:
    try:
        child.link.send(tuple(message))
    except BrokenPipeError:
        return  # it has died; `wait` finds out of what
