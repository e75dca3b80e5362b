"""Charts over runs."""

import pytest

from pipeline.dashboards.index import entries, trends
from pipeline.dashboards.index.run_table import Links
from pipeline.runs import events
from pipeline.runs.events import NodeState
from pipeline.runs.folders import DashboardFolder


@pytest.fixture
def links(make_run):
    return Links(DashboardFolder.below(make_run.output))


@pytest.fixture
def runs(make_run, auc, links):
    """Pushed, refused, failed before it was evaluated, refused without bounds."""
    make_run("r1", auc(overall=(0.9, 0.7, 1.0)), version="7")
    make_run("r2", auc(overall=(0.6, 0.5, 0.75)))
    make_run("r3", {})
    make_run("r4", auc(overall=(1.0, None, None)))
    page = links.site.run("r1") / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("written")
    return entries.of_output(make_run.output).entries


def traces(chart):
    return {trace["name"]: trace for trace in chart.figure["data"]}


def test_every_evaluated_run_has_a_mark_by_its_fate_in_order(runs, links, valid_figure):
    chart = trends.metric_trend(runs, links)
    valid_figure(chart)
    found = traces(chart)
    assert set(found) == {"made", "pushed", "not blessed"}
    assert (found["made"]["x"], found["made"]["y"]) == ([0, 1, 2], [0.9, 0.6, 1.0])
    assert (found["pushed"]["x"], found["not blessed"]["x"]) == ([0], [1, 2])
    symbols = {trace["marker"]["symbol"] for name, trace in found.items() if name != "made"}
    colours = {trace["marker"]["color"] for name, trace in found.items() if name != "made"}
    assert len(symbols) == len(colours) == 2


def test_intervals_are_drawn_as_distances_and_not_where_there_is_none(runs, links):
    error = traces(trends.metric_trend(runs, links))["not blessed"]["error_y"]
    assert (error["array"], error["arrayminus"]) == ([0.15, None], [0.1, None])


def test_a_mark_says_run_interval_and_reason_and_leads_to_pages_that_are_written(runs, links):
    found = traces(trends.metric_trend(runs, links))
    assert found["pushed"]["meta"]["href"] == ["runs/r1/index.html"]
    assert found["not blessed"]["meta"]["href"] == ["", ""]
    assert found["pushed"]["text"] == [
        "r1<br>made<br>AUC 0.900 [0.700, 1.000], 10 test videos<br>pushed as version 7"
    ]
    assert found["not blessed"]["text"][0].endswith("not blessed<br>Pusher gave no reason")


def test_the_selector_shows_a_metric_that_no_run_has_as_no_marks(runs, links):
    chart = trends.metric_trend(runs, links)
    assert list(chart.variants)[:2] == ["AUC", "Balanced accuracy"]
    assert all(trace["x"] == [] for trace in chart.variants["ECE"])
    assert [trace["x"] for trace in chart.variants["AUC"]] == [[0, 1, 2], [0], [1, 2]]


def test_runs_of_several_pipelines_have_a_line_each_that_the_legend_names(
    make_run, auc, links, valid_figure
):
    for run_id, pipeline in (("r1", "one"), ("r2", "two"), ("r3", "one")):
        make_run(run_id, auc(overall=(0.9, 0.7, 1.0)), pipeline=pipeline)
    chart = trends.metric_trend(entries.of_output(make_run.output).entries, links)
    valid_figure(chart)
    lines = [trace for trace in chart.figure["data"] if trace["mode"] == "lines"]
    assert [(line["name"], line["x"], line["showlegend"]) for line in lines] == [
        ("one", [0, 2], True),
        ("two", [1], True),
    ]
    assert len({(line["line"]["color"], line["line"]["dash"]) for line in lines}) == 2


def test_dates_stay_few_however_many_the_runs(make_run, auc, links):
    for number in range(50):
        make_run(f"r{number:02}", auc(overall=(0.9, 0.7, 1.0)))
    chart = trends.metric_trend(entries.of_output(make_run.output).entries, links)
    axis = chart.figure["layout"]["xaxis"]
    assert len(axis["tickvals"]) <= 8
    assert axis["ticktext"][0] == "01 Jan<br>01:00<br>1970"


def test_videos_are_stacked_as_accepted_and_rejected(make_run, links, valid_figure):
    folder = make_run.begin("r1")
    letters = {"letters": {"num_inputs": 9, "by_code": {"no_face": 2}}}
    ended = events.NodeEnded(node="VideoValidator", state=NodeState.RAN, facts=letters)
    make_run.add(folder, ended)
    make_run.begin("r2")  # has not looked at its videos yet
    chart = trends.video_counts(entries.of_output(make_run.output).entries, links)
    valid_figure(chart)
    found = traces(chart)
    assert (found["accepted"]["y"], found["rejected"]["y"]) == ([7], [2])
    assert [cell.text for cell in chart.table.rows[0].cells] == ["r1", "7", "2", "\N{EN DASH}"]
