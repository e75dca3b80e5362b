"""A small demo data set, made once for the tests of this folder."""

import pathlib

import pytest

from pipeline.demo import dataset, plan

SMALL = plan.Parameters(num_identities=4, seconds=1.2)


@pytest.fixture(scope="session")
def small() -> plan.Parameters:
    return SMALL


@pytest.fixture(scope="session")
def small_manifest(tmp_path_factory) -> pathlib.Path:
    return dataset.write_dataset(
        tmp_path_factory.mktemp("demo") / "videos of the demo",
        num_identities=SMALL.num_identities,
        seconds=SMALL.seconds,
    )
