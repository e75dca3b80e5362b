"""The sources that the architecture tests read."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PACKAGES = ("schemas", "components", "pipeline", "serving")


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The checkout."""
    return ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives a test with a `source` argument every module of the four packages, one at a time."""
    if "source" in metafunc.fixturenames:
        sources = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
        metafunc.parametrize("source", sources, ids=lambda p: str(p.relative_to(ROOT)))
