"""Keeps what libraries say on stderr out of a command's few lines."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Final

from pipeline.config import load
from pipeline.dashboards.errors import DashboardError
from pipeline.metadata.errors import MetadataError
from pipeline.runners import errors

_STDERR: Final = 2


@contextlib.contextmanager
def libraries() -> Iterator[None]:
    """Holds back whatever is written to stderr, also by native code.

    It is dropped where the block ends, or raises one of our own errors, whose message says it all.
    It is shown before anything else that is raised.
    """
    own = os.dup(_STDERR)
    understood = False
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
            understood = True
        except (errors.RunnerError, load.ConfigError, MetadataError, DashboardError):
            understood = True
            raise
        finally:
            os.dup2(own, _STDERR)
            os.close(own)
            if not understood:
                held.seek(0)
                os.write(_STDERR, held.read())
