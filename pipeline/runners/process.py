"""A process that runs nodes: how it begins, and how it ends at once."""

import faulthandler
import logging
import os
import sys
from typing import Final, NoReturn

from pipeline.journal import interrupts

_FORMAT: Final = "%(asctime)s %(levelname).1s %(name)s: %(message)s"


def prepare() -> None:
    """Makes crashes, logs and signals of this process serve whoever started it."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format=_FORMAT, stream=sys.stderr)
    interrupts.install()


def end(status: int) -> NoReturn:
    """Ends this process at once: tearing TensorFlow, Beam and gRPC down takes seconds."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
