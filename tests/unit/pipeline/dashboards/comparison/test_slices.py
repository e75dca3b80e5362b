"""Slices of two runs: tables, and the chart of pairs."""

import made_reports
import pytest

from pipeline.dashboards.comparison import slices
from pipeline.lineage import comparison
from schemas.run_report import SliceSummary


def report(**sizes):
    return made_reports.evaluated(
        SliceSummary(
            name=name,
            num_videos=fakes + reals,
            num_fake_videos=fakes,
            num_real_videos=reals,
            metrics={},
            track_metrics={},
        )
        for name, (fakes, reals) in sizes.items()
    )


@pytest.fixture
def found(facts):
    """`a` moved, `small` has 2 fakes, `new` is only in the later run."""
    both = ("overall", "video_auc"), ("a", "video_auc"), ("small", "video_recall")
    old = dict(zip(both, [(0.9, 0.8, 1.0), (0.5, 0.4, 0.6), (1.0, None, None)], strict=True))
    new = dict(zip(both, [(0.9, 0.8, 1.0), (0.8, 0.7, 0.9), (0.5, 0.1, 0.9)], strict=True))
    new["new", "video_auc"] = (0.7, 0.6, 0.8)
    new["a", "video_f1"] = (0.1, 0.0, 0.2)  # no headline metric
    changes = comparison.compare(facts("r1", old), facts("r2", new)).metrics
    before = report(overall=(20, 20), a=(10, 10), small=(9, 0))
    after = report(overall=(20, 20), a=(10, 10), small=(2, 0), new=(9, 9))
    return slices.of_runs(changes, before, after, min_videos=5)


def cells(row):
    return [cell.text for cell in row.cells]


def test_a_slice_is_small_by_the_classes_that_it_has(found):
    assert found.small == {"small"}
    assert found.sizes["small"] == (2, 0)


def test_the_table_has_every_pair_and_what_only_one_run_has(found):
    table = slices.slice_table(found, "r1", "r2")
    assert [cells(row) for row in table.rows] == [
        ["a", "10 + 10", "AUC", "0.500", "0.800", "+0.300", "apart: better"],
        ["small", "2 + 0", "Recall", "1.000", "0.500", "\N{MINUS SIGN}0.500", "no interval"],
        ["new", "9 + 9", "AUC", "\N{EN DASH}", "0.700", "\N{EN DASH}", "only after"],
    ]
    assert [row.is_faint for row in table.rows] == [False, True, False]
    assert table.rows[1].cells[5].sort == -0.5


def test_the_headlines_are_of_all_test_videos(found):
    [row] = slices.overall_table(found, "r1", "r2").rows
    assert cells(row) == ["AUC", "0.900", "0.900", "0", "the same"]


def test_both_marks_of_a_slice_stand_on_its_line(found, valid_figure):
    chart = slices.chart(found, "r1", "r2")
    valid_figure(chart)
    lines, before, after, notes = chart.figure["data"]
    assert chart.figure["layout"]["yaxis"]["ticktext"] == [
        *("overall", "a", "small \N{DOTTED CIRCLE}", "new")
    ]
    assert (before["x"], after["x"]) == ([0.9, 0.5], [0.9, 0.8, 0.7])
    assert [round(y) for y in after["y"]] == [0, 1, 3]
    assert lines["x"] == [0.9, 0.9, None, 0.5, 0.8, None]
    assert after["error_x"]["array"] == [0.1, 0.1, 0.1]
    assert (notes["y"], notes["text"]) == ([2], ["not defined here"])


def test_another_metric_replaces_all_marks(found):
    _, before, after, notes = slices.chart(found, "r1", "r2").variants["Recall"]
    assert (before["x"], after["x"]) == ([1.0], [0.5])
    assert (before["error_x.array"], after["error_x.array"]) == ([None], [0.4])
    assert after["marker.opacity"] == [0.45]  # small
    assert notes["y"] == [0, 1, 3]


def test_of_many_slices_the_chart_shows_those_that_moved_most(facts, valid_figure):
    names = ["overall", *(f"slice{number:03}" for number in range(200))]
    old = {(name, "video_auc"): (0.5, 0.4, 0.6) for name in names}
    new = {(name, "video_auc"): (0.5 + at / 1000, 0.4, 0.9) for at, name in enumerate(names)}
    changes = comparison.compare(facts("r1", old), facts("r2", new)).metrics
    sizes = report(**dict.fromkeys(names, (9, 9)))
    found = slices.of_runs(changes, sizes, sizes, min_videos=5)
    chart = slices.chart(found, "r1", "r2")
    valid_figure(chart)
    shown = chart.figure["layout"]["yaxis"]["ticktext"]
    assert shown == ["overall", *names[-39:]]
    assert "slices that moved most" in chart.summary
    assert len(slices.slice_table(found, "r1", "r2").rows) == 200
