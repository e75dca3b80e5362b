"""Errors by their stable code, as users and programs tell them apart."""

import ast
import contextlib
import pathlib
from collections.abc import Iterator

import pytest

from schemas.errors import DeepfakeError

_ROOT = pathlib.Path(__file__).parents[2]
_PACKAGES = ("schemas", "components", "pipeline", "serving")


@contextlib.contextmanager
def raises_code(code: str, match: str | None = None) -> Iterator[pytest.ExceptionInfo]:
    """As `pytest.raises` for the error with this code."""
    with pytest.raises(DeepfakeError, match=match) as caught:
        yield caught
    assert caught.value.code == code


def raised_codes(*classes: str) -> Iterator[str]:
    """The codes with which the four packages make errors of these classes, from the sources."""
    for package in _PACKAGES:
        for path in sorted((_ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                if name in classes and isinstance(first, ast.Constant):
                    yield first.value
