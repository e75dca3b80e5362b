"""Stands in for a container around one command: `python guard.py LIFELINE COMMAND...`.

When the command ends, or the process at the other end of the pipe LIFELINE is gone, whatever the
command started is killed, as a container's end does. SIGINT and SIGTERM are passed on. Its exit
status is the command's, or 128 and the number of the signal that ended it.

It is run by its path, isolated: it must start at once and know nothing of this project.
"""

import contextlib
import ctypes
import os
import pathlib
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

KILLED: Final = 128 + signal.SIGKILL
NOT_FOUND: Final = 127
PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM)
_SET_CHILD_SUBREAPER: Final = 36  # Linux' prctl: orphaned grandchildren become our children.


def main(arguments: Sequence[str]) -> int:
    """Runs the command to its end."""
    lifeline, command = int(arguments[0]), list(arguments[1:])
    os.set_inheritable(lifeline, False)
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    try:
        child = _spawn(command)
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_FOUND
    for number in PASSED_ON:
        signal.signal(number, _passing_on_to(child))
    threading.Thread(target=_end_with, args=(lifeline, child), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    status = _wait_for(child)
    _kill_all(child)
    return status


def _spawn(command: list[str]) -> int:
    return os.posix_spawnp(
        command[0],
        command,
        os.environ,
        setpgroup=0,
        setsigmask=[],
        setsigdef=[*PASSED_ON, signal.SIGPIPE],
    )


def _passing_on_to(child: int) -> Callable[[int, FrameType | None], None]:
    def pass_on(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, number)

    return pass_on


def _end_with(lifeline: int, child: int) -> None:
    """Kills everything once the other end of the pipe is closed."""
    os.read(lifeline, 1)
    _kill_all(child)
    os._exit(KILLED)


def _wait_for(child: int) -> int:
    """Exit status of the command; buries the orphans that end before it."""
    while True:
        try:
            ended, status = os.waitpid(-1, 0)
        except ChildProcessError:  # the other thread has buried them all
            return KILLED
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _kill_all(child: int) -> None:
    """Kills the command's process group, and all that it left, until nothing is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            for process in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            os.waitpid(-1, 0)  # its own children become ours before this returns


def _children() -> list[int]:
    own = str(os.getpid())
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name, which may hold anything, come the state and the parent's id.
            if status.read_text(errors="replace").rpartition(")")[2].split()[1] == own:
                found.append(int(status.parent.name))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
