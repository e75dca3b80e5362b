"""Whether somebody is still working on a run that never told its end."""

import fcntl

from pipeline.journal.run_folder import RunFolder

LOCK_FILE = ".lock"  # below the output folder; held by whoever runs there


def is_abandoned(folder: RunFolder) -> bool:
    """Whether the processes of an unfinished run on this machine are gone.

    Killed with its command, a run cannot say so; but then nobody holds the lock of its output
    folder. Steps on a cluster hold none, and their last one closes the run: they never count.
    """
    lock = folder.path.parent / LOCK_FILE
    if folder.steps.is_dir() or not lock.is_file():
        return False
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
