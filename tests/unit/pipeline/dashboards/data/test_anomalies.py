"""Anomalies: real ones of TFDV, in words that say what to do."""

import pytest
import tensorflow_data_validation as tfdv

from pipeline.dashboards.data import anomalies, files
from schemas import features


@pytest.fixture(scope="module")
def found(recorded):
    """`found(changes)`: the anomalies of a split whose tracks have these values."""
    schema = tfdv.load_schema_text(str(features.TRACK_EXAMPLE_SCHEMA))

    def found(changes, without=()):
        values = [{**recorded.features_of(one), **changes} for one in recorded.records()]
        values = [{k: v for k, v in one.items() if k not in without} for one in values]
        return tfdv.validate_statistics(recorded.statistics_of(values), schema)

    return found


@pytest.mark.parametrize(
    ("changes", "without", "feature", "meaning"),
    [
        (
            {features.MANIPULATION_TYPE: [b"face swap"]},
            (),
            features.MANIPULATION_TYPE,
            "A value is in the data that the schema does not list.",
        ),
        (
            {},
            (features.CONTEXT,),
            features.CONTEXT,
            "Tracks lack a value that every track must have.",
        ),
        (
            {"further": [1]},
            (),
            "further",
            "The examples have a feature that the schema does not know.",
        ),
        (
            {features.DETECTOR_CONFIDENCE: [1.5]},
            (),
            features.DETECTOR_CONFIDENCE,
            "A number lies outside of its allowed range.",
        ),
        (
            {features.SOURCE_FPS: [25]},
            (),
            features.SOURCE_FPS,
            "A feature has another type or number of values than the schema says.",
        ),
        (
            {features.CONTEXT: [b"news", b"news"]},
            (),
            features.CONTEXT,
            "A feature has another type or number of values than the schema says.",
        ),
    ],
)
def test_an_anomaly_is_explained_in_simple_words(found, changes, without, feature, meaning):
    table = anomalies.table({"train": found(changes, without)})
    [row] = [row for row in table.rows if row.cells[0].text == feature]
    _, split, severity, said, advice, words = row.cells
    assert (split.text, said.text) == ("train", meaning)
    assert (severity.text, severity.tone) == ("error", "bad")
    assert advice.text
    assert words.text  # TFDV's own


def test_an_unknown_kind_of_anomaly_is_shown_with_general_advice(found):
    info = next(iter(found({"further": [1]}).anomaly_info.values()))
    info.reason[0].type = info.CUSTOM_VALIDATION
    meaning, advice = anomalies.explanation(info)
    assert "statement of the schema" in meaning
    assert "TFDV" in advice


def test_what_several_splits_have_is_told_once(found):
    same, other = found({"further": [1]}), found({features.DETECTOR_CONFIDENCE: [1.5]})
    table = anomalies.table({"train": same, "val": same, "test": other})
    assert [(row.cells[0].text, row.cells[1].text) for row in table.rows] == [
        (features.DETECTOR_CONFIDENCE, "test"),
        ("further", "train, val"),
    ]


def test_errors_come_before_warnings(found):
    one = found({"further": [1], features.CONTEXT: [b"nowhere"]})
    one.anomaly_info["further"].severity = one.anomaly_info["further"].WARNING
    table = anomalies.table({"train": one})
    assert [row.cells[2].text for row in table.rows] == ["error", "warning"]


def test_without_anomalies_a_sentence_says_what_was_looked_at(run):
    found = files.anomalies(run())
    assert anomalies.table(found) is None
    sentence = anomalies.calm_sentence(found)
    assert "4 splits (train, val, calibration, test)" in sentence
    assert f"all {len(features.ALL_KEYS)} features" in sentence
