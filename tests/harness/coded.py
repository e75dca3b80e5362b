"""Errors by their stable code, as users and programs tell them apart."""

import contextlib
from collections.abc import Iterator

import pytest

from schemas.errors import DeepfakeError


@contextlib.contextmanager
def raises_code(code: str, match: str | None = None) -> Iterator[pytest.ExceptionInfo]:
    """As `pytest.raises` for the error with this code."""
    with pytest.raises(DeepfakeError, match=match) as caught:
        yield caught
    assert caught.value.code == code
