"""The blessed models of an output folder, in time."""

import dataclasses

import pytest

from pipeline.dashboards.evaluation import timeline
from pipeline.dashboards.sources import of_run


@pytest.fixture
def runs(make_run, auc):
    """Two blessed runs with one between them that is not, and a blessed one of another pipeline."""
    first = make_run("first", auc(overall=(0.8, 0.7, 0.9)), version="1")
    make_run("refused", auc(overall=(0.6, 0.5, 0.7)))
    last = make_run("last", auc(overall=(0.9, 0.8, 0.95)), version="2")
    make_run("other", auc(overall=(0.99, 0.9, 1.0)), version="3", pipeline="another")
    return {"first": first, "last": last}


def test_blessed_models_of_the_pipeline_are_shown_in_order_and_this_run_is_marked(
    runs, valid_figure
):
    found = timeline.of(of_run(runs["last"], None))
    valid_figure(found.chart)
    line, ring = found.chart.figure["data"]
    assert line["text"] == ["first", "last"]
    assert line["y"] == [0.8, 0.9]
    assert line["error_y"]["array"] == [0.1, 0.05]
    assert line["meta"]["href"] == ["../first/evaluation.html", "../last/evaluation.html"]
    assert ring["y"] == [0.9]
    assert [row.cells[0].note for row in found.chart.table.rows] == ["", "this run"]
    assert found.metrics[0] == "AUC"


def test_a_metric_that_a_run_has_not_leaves_a_gap(runs):
    parts = timeline.of(of_run(runs["last"], None)).chart.variants["ECE"]
    assert parts[0]["y"] == []


def test_one_blessed_model_makes_no_timeline(make_run, auc):
    folder = make_run("only", auc(overall=(0.8, 0.7, 0.9)), version="1")
    make_run("refused", auc(overall=(0.6, 0.5, 0.7)))
    assert timeline.of(of_run(folder, None)) is None


def test_a_run_that_was_not_blessed_sees_the_others(make_run, auc, runs):
    folder = make_run("newest", auc(overall=(0.5, 0.4, 0.6)))
    _, ring = timeline.of(of_run(folder, None)).chart.figure["data"]
    assert ring["x"] == []


def test_a_run_that_cannot_be_read_is_left_out(runs):
    broken = runs["first"].path.parent / "broken"
    broken.mkdir()
    (broken / "summary.json").write_text("{")
    sources = of_run(runs["last"], None)
    assert len(timeline.of(dataclasses.replace(sources)).chart.table.rows) == 2


def test_the_address_of_a_run_with_a_strange_name_is_one(make_run, auc, runs):
    folder = make_run("a #1", auc(overall=(0.9, 0.8, 1.0)), version="9")
    line, _ = timeline.of(of_run(folder, None)).chart.figure["data"]
    assert line["meta"]["href"][-1] == "../a%20%231/evaluation.html"
