"""Made data of a run, written once for all tests of this folder; see `recorded_data.py`."""

import importlib.util
import pathlib
from types import ModuleType

import pytest

_BUILDER = pathlib.Path(__file__).parents[1] / "recorded_data.py"


@pytest.fixture(scope="session")
def recorded() -> ModuleType:
    """The builder."""
    spec = importlib.util.spec_from_file_location(_BUILDER.stem, _BUILDER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def written(recorded, tmp_path_factory):
    """Artifacts by output; tests leave the files as they are."""
    return recorded.write_data(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture
def run(recorded, written, tmp_path):
    """`run(...)`: sources in an output folder of the test's own."""

    def run(artifacts=written, **others):
        return recorded.run_of(tmp_path, artifacts, **others)

    return run
