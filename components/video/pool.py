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
import tempfile
from collections.abc import Sequence
from multiprocessing import connection
from types import TracebackType
from typing import IO, Any, Final, Generic, TypeVar

from components.video import clips, worker
from schemas.clip_spec import ClipSpec
from schemas.errors import UndecodableVideoError, VideoError
from schemas.face_config import FaceConfig

T = TypeVar("T")

_MODULE: Final = "components.video.worker"
_MAX_MESSAGE: Final = 4000  # characters of a dead child's last words
_CRASHES: Final = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT}
)


class WorkerError(Exception):
    """A child failed for a reason that is not the video's: a bug, or no memory."""


@dataclasses.dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of one submitted video.

    Attributes:
      item: The item as it was submitted.
      tracks: Its face tracks, the dominant one first; empty if it failed.
      error: Why the video cannot be used; None if it can.
    """

    item: T
    tracks: Sequence[clips.Track]
    error: VideoError | None


@dataclasses.dataclass(eq=False)
class _Child:
    process: subprocess.Popen[bytes]
    link: Any  # multiprocessing.connection.Connection
    messages: IO[str]  # what it writes to stderr
    item: Any = None
    path: str = ""
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

    def submit(self, item: T, path: str) -> None:
        """Starts the extraction of the tracks of the video at `path`.

        Raises:
          RuntimeError: The pool is full.
        """
        if self.is_full:
            raise RuntimeError(f"all {self._num_workers} workers are busy: call wait() first")
        child = next((child for child in self._children if not child.is_busy), None)
        if child is None:
            child = _start(self._setup)
            self._children.append(child)
        child.item, child.path, child.is_busy = item, path, True
        _send(child, worker.Job(path))

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
            if child.is_busy:
                child.process.kill()
            _end(child)
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
        child.is_busy = False
        try:
            answer: worker.Answer = child.link.recv()
        except (EOFError, ConnectionResetError):
            self._children.remove(child)
            answer = self._cause_of_death(child)
        if isinstance(answer, VideoError):
            return Outcome(child.item, (), answer)
        return Outcome(child.item, answer, None)

    def _cause_of_death(self, child: _Child) -> VideoError:
        """What of the video ended the child; raises WorkerError if it was something else."""
        child.process.wait()
        child.messages.seek(0)
        messages = child.messages.read()[-_MAX_MESSAGE:]
        _end(child)
        status = -child.process.returncode
        if status == worker.TIME_LIMIT_SIGNAL:
            return VideoError(
                "decode_timeout",
                f"not done after {self._setup.timeout_seconds:g} seconds; "
                f"shorten the video or raise extraction.timeout_seconds",
            )
        if status in _CRASHES:
            return UndecodableVideoError(
                "undecodable",
                f"the decoder crashed ({signal.Signals(status).name}); export the video again",
            )
        raise WorkerError(
            f"extraction from {child.path} ended with status {-status}; last messages:\n{messages}"
        )


def _start(setup: worker.Setup) -> _Child:
    """Starts a child that finds the modules that this process finds."""
    ours, theirs = multiprocessing.Pipe()
    messages = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (lives as the child)
    process = subprocess.Popen(
        [sys.executable, "-m", _MODULE, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stderr=messages,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    theirs.close()
    child = _Child(process, ours, messages)
    _send(child, setup)
    return child


def _end(child: _Child) -> None:
    """Waits for a child that was told to end, by closing its link or by a signal."""
    child.link.close()
    child.process.wait()
    child.messages.close()


def _send(child: _Child, message: tuple[object, ...]) -> None:
    try:
        child.link.send(tuple(message))
    except BrokenPipeError:
        return  # it has died; `wait` finds out of what
