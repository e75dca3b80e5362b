"""Whether this process was asked to stop: Beam hands an interrupt on as an error of its own."""

import signal
import threading
from types import FrameType

_SEEN = threading.Event()


def install() -> None:
    """Makes SIGINT and SIGTERM interrupts that are remembered.

    A shell without job control starts background jobs with SIGINT ignored; not here.
    """
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)


def is_interrupt(error: BaseException) -> bool:
    """Whether `error` came of an interrupt, and not of the work."""
    return _SEEN.is_set() or not isinstance(error, Exception)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _SEEN.set()
    raise KeyboardInterrupt
