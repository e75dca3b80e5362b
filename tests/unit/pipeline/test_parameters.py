"""Run parameters: typed, checked, and equal to what the compiler would have written."""

import pytest

from pipeline import graph, parameters
from pipeline.config import load
from pipeline.runners import ir
from schemas.errors import ConfigError


@pytest.fixture(scope="module")
def config():
    return load.with_overrides(load.load("demo"), {"data.manifest": "videos.csv", "output": "o"})


def test_a_graph_bound_to_the_same_values_is_the_graph_that_was_compiled_with_them(config):
    changed = parameters.with_arguments(
        config,
        {"data.manifest": "others.csv", "training.epochs": "3", "evaluation.min_auc": "0.9"},
    )
    fixed = ir.compile_graph(graph.create_pipeline(changed))
    opened = ir.compile_graph(graph.create_pipeline(config, runtime_parameters=True))
    ir.bind(fixed, run_id="r")
    ir.bind(opened, run_id="r", values=parameters.values(changed))
    assert opened == fixed
    assert fixed != ir.compile_graph(graph.create_pipeline(config))


def test_arguments_take_the_type_of_their_key(config):
    changed = parameters.with_arguments(
        config, {"training.epochs": "3", "training.dropout": "0", "data.manifest": "123"}
    )
    assert (changed.training.epochs, changed.training.dropout) == (3, 0.0)
    assert changed.data.manifest == "123"


@pytest.mark.parametrize(
    ("key", "text", "error"),
    [
        ("clip.crop_size", "64", ConfigError),
        ("name", "other", ConfigError),
        ("training.epoch", "3", ConfigError),
        ("training.epochs", "many", ConfigError),
        ("training.epochs", "0", ConfigError),
        ("evaluation.min_auc", "1.5", ConfigError),
    ],
)
def test_a_bad_argument_is_refused_by_name(config, key, text, error):
    with pytest.raises(error, match=key):
        parameters.with_arguments(config, {key: text})


def test_the_address_of_a_bucket_is_not_a_path():
    assert parameters.absolute("gs://bucket/x") == "gs://bucket/x"
    assert parameters.absolute("x").startswith("/")
