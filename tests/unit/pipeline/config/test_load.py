"""The strict loader: what it takes, and how it names what it refuses."""

import dataclasses

import pytest
from coded import raises_code

from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from schemas.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", load.shipped())
def test_every_shipped_configuration_loads(name):
    assert load.load(name).name.startswith("deepfake")


def test_the_shipped_ones_are_these():
    assert load.shipped() == ("demo", "kubeflow", "local", "vertex")


def test_a_shipped_name_with_its_ending_means_the_file_here_or_the_shipped_one(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert load.load("demo.yaml") == load.load("demo")
    (tmp_path / "demo.yaml").write_text("name: mine\n")
    assert load.load("demo.yaml").name == "mine"


def test_a_file_states_differences_only(write):
    config = load.load(write("training:\n  epochs: 3\n"))
    assert config.training.epochs == 3
    assert dataclasses.replace(config, training=PipelineConfig().training) == PipelineConfig()


def test_an_empty_file_and_a_section_with_everything_commented_out_are_the_defaults(write):
    assert load.load(write("")) == PipelineConfig()
    assert load.load(write("gate:\n  # max_dead_letter_ratio: 0.5\n")) == PipelineConfig()


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("pipelinename: x", "config_unknown_key", "unknown key pipelinename"),
        ("ouput: x", "config_unknown_key", "unknown key ouput; did you mean output?"),
        (
            "training:\n  epoch: 3",
            "config_unknown_key",
            "unknown key training.epoch; did you mean training.epochs?",
        ),
        ("training: 3", "config_wrong_type", "training must be a section of keys, got 3"),
        (
            "training:\n  epochs: many",
            "config_wrong_type",
            "training.epochs must be a whole number, got 'many'",
        ),
        (
            "training:\n  epochs: 2.5",
            "config_wrong_type",
            "training.epochs must be a whole number, got 2.5",
        ),
        ("training:\n  epochs: true", "config_wrong_type", "a whole number, got True"),
        ("cache: 1", "config_wrong_type", "cache must be true or false, got 1"),
        ("name: 5", "config_wrong_type", "name must be text, got 5"),
        (
            "training:\n  dropout: high",
            "config_wrong_type",
            "training.dropout must be a number, got 'high'",
        ),
        (
            "gate:\n  allowed_anomalies: x",
            "config_wrong_type",
            "gate.allowed_anomalies must be a list, got 'x'",
        ),
        (
            "gate:\n  allowed_anomalies: [x, 3]",
            "config_wrong_type",
            "gate.allowed_anomalies[1] must be text, got 3",
        ),
        (
            "training:\n  dropout: 1.5",
            "config_refused_value",
            "training.dropout must be at least 0 and at most 0.95, got 1.5",
        ),
        ("name: Bad Name", "config_refused_value", "got 'Bad Name'"),
        ("name: a\nname: b", "config_unreadable", "line 2: key name stands twice"),
        ("name: [", "config_unreadable", "line 2"),
        ("- name", "config_wrong_type", "the file must be a section of keys, got ['name']"),
    ],
)
def test_what_is_wrong_is_named(write, text, code, message):
    with pytest.raises(ConfigError) as caught:
        load.load(write(text + "\n"))
    assert caught.value.code == code
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine.yaml: ")


def test_an_absent_file_is_answered_with_the_nearest_shipped_name():
    with raises_code("config_unreadable", match="did you mean demo"):
        load.load("demo2")


def test_values_are_what_they_look_like(write):
    config = load.load(
        write("training:\n  learning_rate: 1e-3\n  mixed_precision: off\n  dropout: 0\n")
    )
    assert config.training.learning_rate == 0.001
    assert config.training.mixed_precision == "off"
    assert type(config.training.dropout) is float


def test_lists_become_tuples(write):
    config = load.load(write("gate:\n  blocking_severities: [ERROR, WARNING]\n"))
    assert config.gate.blocking_severities == ("ERROR", "WARNING")


@pytest.mark.parametrize("name", load.shipped())
def test_a_dump_loads_as_the_same_configuration(write, name):
    config = load.load(name)
    assert load.load(write(load.dump(config))) == config


def test_overrides_are_checked_like_a_file():
    config = load.with_overrides(PipelineConfig(), {"training.epochs": 3, "cache": False})
    assert (config.training.epochs, config.cache) == (3, False)
    with raises_code("config_unknown_key", match=r"unknown key training\.epoch;"):
        load.with_overrides(PipelineConfig(), {"training.epoch": 3})
    with raises_code("config_unknown_key", match="unknown key cache"):
        load.with_overrides(PipelineConfig(), {"cache.x": 3})


def test_nested_values_have_dotted_keys_and_what_is_empty_is_a_value():
    values = {"name": "mine", "training": {"epochs": 3, "more": {}}, "splits": [1, 2]}
    assert dict(load.flattened(values)) == {
        "name": "mine",
        "training.epochs": 3,
        "training.more": {},
        "splits": [1, 2],
    }
    assert dict(load.flattened("a leaf", "at")) == {"at": "a leaf"}
