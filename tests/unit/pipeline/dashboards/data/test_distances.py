"""Distances as TFDV measures them, against the bounds of the shipped schema."""

import pytest
import tensorflow_data_validation as tfdv

from pipeline.dashboards import sources as outputs
from pipeline.dashboards.data import distances, files
from schemas import features


@pytest.fixture(scope="module")
def schema():
    return tfdv.load_schema_text(str(features.TRACK_EXAMPLE_SCHEMA))


@pytest.fixture(scope="module")
def by_split(written):
    return files.statistics(outputs.folder_of(written[outputs.STATISTICS][0]))


def test_categories_differ_by_the_greatest_difference_of_a_share(by_split, schema):
    """Test holds people 6 and 7, and 7's face is large: half of test, nobody of train."""
    found = {(one.feature, one.other): one for one in distances.between_splits(by_split, schema)}
    one = found[features.FACE_SIZE_BUCKET, "test"]
    assert (one.measure, one.value, one.bound, one.passed) == ("L-infinity", 0.5, 0.3, False)
    same = found[features.VIDEO_CODEC, "val"]
    assert (same.value, same.passed) == (0.0, True)


def test_numbers_differ_by_the_jensen_shannon_divergence(by_split, schema):
    """Train's faces have 100 to 130 pixels, test's 160 and 170: nothing in common."""
    found = {(one.feature, one.other): one for one in distances.between_splits(by_split, schema)}
    one = found[features.MEDIAN_FACE_PIXELS, "test"]
    assert one.measure == "Jensen-Shannon"
    assert one.value == pytest.approx(1.0)
    assert not one.passed


def test_features_without_a_bound_are_not_measured(by_split, schema):
    measured = {one.feature for one in distances.between_splits(by_split, schema)}
    assert features.SOURCE_FPS not in measured
    assert features.MANIPULATION_METHOD not in measured


def test_runs_are_compared_by_the_bounds_on_drift(by_split, schema):
    same = distances.between_runs(by_split["train"], by_split["train"], schema, "before")
    assert same
    assert {(one.other, one.value) for one in same} == {("before", 0.0)}
    moved = distances.between_runs(by_split["train"], by_split["test"], schema, "before")
    assert max(one.value for one in moved) == pytest.approx(1.0)


@pytest.mark.parametrize("missing", ["train", "schema"])
def test_without_train_or_schema_there_is_nothing_to_measure(by_split, schema, missing):
    if missing == "train":
        by_split = {split: found for split, found in by_split.items() if split != "train"}
    assert distances.between_splits(by_split, None if missing == "schema" else schema) == []
    assert distances.between_runs(by_split.get("train"), None, schema, "before") == []


def test_the_chart_marks_every_bound_and_says_what_is_over(by_split, schema, valid_figure):
    found = distances.between_splits(by_split, schema)
    chart = distances.panel("skew", "Splits", found, "Split")
    valid_figure(chart)
    *bars, bounds = chart.figure["data"]
    assert [trace["name"] for trace in bars] == ["val", "calibration", "test"]
    assert set(bounds["x"]) == {0.3}
    assert "1.00 over" in bars[2]["text"]
    assert chart.table.rows[0].cells[-1].text == "over the bound"  # broken ones first
    assert chart.table.rows[-1].cells[-1].text == "within the bound"
