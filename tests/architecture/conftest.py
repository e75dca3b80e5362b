"""The sources that the architecture tests read."""

import ast
import pathlib
from collections.abc import Mapping

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PACKAGES = ("schemas", "components", "pipeline", "serving")


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def sources(root: pathlib.Path) -> Mapping[pathlib.Path, ast.Module]:
    """Every module of the four packages, by its path below the checkout."""
    paths = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
    return {path.relative_to(root): ast.parse(path.read_text("utf-8")) for path in paths}
