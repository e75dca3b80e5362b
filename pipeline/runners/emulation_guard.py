"""Stands in for a container around one command: `python emulation_guard.py LIFELINE COMMAND...`.

When the command ends, or the process at the other end of the pipe LIFELINE is gone, whatever the
command started is killed, as a container's end does. SIGINT and SIGTERM are passed on. Its exit
status is the command's, or 128 and the number of the signal that ended it.

It is run by its path, isolated: it must start at once and know nothing of this project.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import psutil

KILLED: Final = 128 + signal.SIGKILL
NOT_FOUND: Final = 127
_POLL_SECONDS: Final = 0.02
_SET_CHILD_SUBREAPER: Final = 36  # Linux' prctl: orphaned grandchildren become our children.


def main(arguments: Sequence[str]) -> int:
    """Runs the command to its end."""
    lifeline, command = int(arguments[0]), list(arguments[1:])
    os.set_inheritable(lifeline, False)
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    to_pass_on: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: to_pass_on.append(number))
    try:
        child = subprocess.Popen(command, start_new_session=True)
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_FOUND
    is_cut = False
    while child.poll() is None and not is_cut:
        while to_pass_on:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, to_pass_on.pop(0))
        is_cut = bool(select.select([lifeline], [], [], _POLL_SECONDS)[0])
    status = child.returncode
    _kill_all()
    if status is None:
        return KILLED
    return status if status >= 0 else 128 - status


def _kill_all() -> None:
    """Kills the command and all that it left, until nothing is left."""
    while left := psutil.Process().children(recursive=True):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
