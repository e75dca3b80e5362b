"""Made stores: the generator of the benchmark, at the size of a test."""

import importlib.util
import pathlib
from types import ModuleType

import pytest

from pipeline.lineage.store import Store
from pipeline.metadata import connection

_GENERATOR = pathlib.Path(__file__).parents[3] / "benchmarks" / "lineage_store.py"


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """The generator: `made.make_store`, `made.run_name`, `made.videos_of`."""
    spec = importlib.util.spec_from_file_location("lineage_store", _GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def history(made, tmp_path_factory) -> pathlib.Path:
    """The output folder of four runs, two to a manifest; tests leave it as it is."""
    output = tmp_path_factory.mktemp("history")
    made.make_store(output, runs=4)
    return output


@pytest.fixture(scope="session")
def store(history) -> Store:
    """The store of `history`."""
    return Store(connection.of_file(history / "metadata.db"))


@pytest.fixture(scope="session")
def repeated(made, tmp_path_factory) -> Store:
    """A run, and a second one that takes everything from the cache."""
    output = tmp_path_factory.mktemp("repeated")
    return Store(connection.of_file(made.make_store(output, runs=1, repeats=1)))
