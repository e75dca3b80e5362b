"""Statistics by split, from real ones of TFDV."""

import pytest

from pipeline.dashboards import sources as outputs
from pipeline.dashboards import tables
from pipeline.dashboards.data import features, files, statistics
from pipeline.dashboards.data import statistics as read
from schemas import features as schemas_features
from schemas import taxonomy


@pytest.fixture(scope="module")
def by_split(recorded, written):
    return files.statistics(outputs.folder_of(written[outputs.STATISTICS][0]))


@pytest.fixture
def charts(by_split):
    found = features.numeric_charts(by_split) + features.category_charts(by_split)
    return {chart.id: chart for chart in found}


def cells(table, first):
    [row] = [row for row in table.rows if row.cells[0].text == first]
    return [cell.text for cell in row.cells[1:]]


def test_splits_come_in_their_order_and_are_over_tracks(by_split):
    assert list(by_split) == list(taxonomy.SPLITS)
    assert [dataset.num_examples for dataset in by_split.values()] == [8, 2, 2, 4]


def test_numeric_features_have_the_figures_of_their_values(by_split):
    """Train holds people 0 to 3 twice each: faces of 100, 110, 120 and 130 pixels."""
    train = read.numeric(by_split, schemas_features.MEDIAN_FACE_PIXELS)["train"]
    assert (train.count, train.missing, train.zeros) == (8, 0, 0)
    assert (train.minimum, train.maximum, train.mean) == (100.0, 130.0, 115.0)
    assert train.std == pytest.approx(125**0.5)
    assert sum(bucket.count for bucket in train.buckets) == pytest.approx(8)


def test_features_with_a_value_per_frame_count_frames(by_split):
    times = read.numeric(by_split, schemas_features.FRAME_TIMES)["val"]
    assert (times.count, times.zeros, times.maximum) == (8, 2, 1.5)
    present = read.categorical(by_split, schemas_features.FRAME_PRESENT)["val"]
    assert present.counts == {"filler": 2, "face": 6}


def test_categories_are_shares_of_the_tracks_of_a_split(by_split):
    found = read.categorical(by_split, schemas_features.COMPRESSION_LEVEL)
    assert found["train"].share("c23") == 0.5
    assert found["val"].share("c40") == 1.0
    assert found["val"].share("c23") == 0.0
    assert read.categorical(by_split, schemas_features.IS_FAKE)["test"].counts == {
        "real": 2,
        "fake": 2,
    }


def test_densities_have_an_area_of_one(by_split):
    for key in read.NUMERIC:
        for found in read.numeric(by_split, key).values():
            xs, ys = features._outline(found, 0.1)
            area = sum((x1 - x0) * y1 for x0, x1, y1 in zip(xs, xs[1:], ys[1:], strict=False))
            assert area == pytest.approx(1.0), key


def test_every_figure_is_valid_for_plotly(charts, valid_figure):
    assert len(charts) == 9
    for chart in charts.values():
        valid_figure(chart)


def test_a_table_behind_a_chart_says_the_same(charts):
    size = charts["feature-median-face-pixels"].table
    assert cells(size, "train") == ["8", "0", "115", "11.18", "100", "120", "130", "0"]
    method = charts["feature-compression-level"].table
    assert cells(method, "c40") == ["50.0 %", "100.0 %", "0.0 %", "50.0 %"]


def test_what_never_varies_gets_a_row_and_no_chart(by_split, charts):
    table = features.feature_table(by_split)
    only_value = {row.cells[1].text: row.cells[-1].text for row in table.rows}
    assert only_value[schemas_features.DETECTOR_CONFIDENCE] == "0.9"
    assert only_value[schemas_features.VIDEO_CODEC] == "h264"
    assert "feature-video-codec" not in charts


def test_identifiers_and_frames_are_counted_and_never_shown(by_split, charts):
    table = features.feature_table(by_split)
    keys = cells(table, "Key of the video")
    assert keys == [
        schemas_features.RECORD_KEY,
        "16",
        "0",
        "8",
        "16",
        tables.UNDEFINED,
    ]  # 15.5 bytes
    shown = str(charts) + str(table)
    assert "lab/swap" not in shown
    assert "hhhh" not in shown


def test_values_beyond_those_drawn_are_in_the_table(recorded):
    record = recorded.records()[1]
    values = [
        {
            **recorded.features_of(record),
            schemas_features.DATASET_NAME: [f"set{number:02}".encode()],
        }
        for number in range(features.MAX_VALUES + 3)
    ]
    [dataset] = recorded.statistics_of(values).datasets
    [chart] = features.category_charts({"train": dataset})
    assert "3 more are in the table" in chart.summary
    assert len(chart.figure["data"][1]["y"]) == features.MAX_VALUES
    assert len(chart.table.rows) == len(values)


def test_every_feature_has_a_name_for_readers():
    assert set(statistics.FEATURES) == set(schemas_features.ALL_KEYS)
    assert {*read.NUMERIC, *read.CATEGORICAL, *read.OPAQUE} == set(schemas_features.ALL_KEYS)
