"""One attempt of a step at a time.

A cluster that loses sight of a machine starts a step again elsewhere while the old process may
still be at work. Two live attempts of one node would publish outputs twice under one execution, and
TFX could then read them no more.
"""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from typing import Final

from pipeline.journal.run_folder import RunFolder
from pipeline.runners import errors

PATIENCE_SECONDS: Final = 300.0
_PAUSE_SECONDS: Final = 0.5


@contextlib.contextmanager
def alone(
    folder: RunFolder, node: str, *, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Holds the lock of a step, on the volume that all attempts share, while the context is open.

    The lock goes with the process, however that ends; an attempt that finished while this one
    waited has done the work.

    Args:
      folder: Of the run.
      node: Id of the node.
      patience_seconds: How long to wait for another attempt to end.

    Raises:
      AttemptStillRunningError: Another attempt has not ended in that time.
    """
    path = folder.steps / f"{node}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience_seconds
    with path.open("a") as lock:
        while not _take(lock.fileno()):
            if time.monotonic() > deadline:
                raise errors.AttemptStillRunningError(
                    f"another attempt of {node} in this run is still at work after"
                    f" {patience_seconds:.0f} s; end its pod, or wait for it, and retry"
                )
            time.sleep(_PAUSE_SECONDS)
        yield


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
