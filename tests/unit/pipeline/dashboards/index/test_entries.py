"""The runs of an output folder, from their reports and journals."""

import datetime

import pytest

from pipeline.dashboards.index import entries
from pipeline.runs import events
from schemas.run_report import Estimate, NodeState


def names(found):
    return [entry.run_id for entry in found.entries]


def test_runs_are_listed_by_their_start_whatever_they_are_called(make_run, auc):
    for run_id in ("zebra", "ant", "mouse"):
        make_run(run_id, auc(overall=(0.9, 0.8, 1.0)))
    assert names(entries.of_output(make_run.output)) == ["zebra", "ant", "mouse"]


def test_an_entry_says_what_the_report_says(make_run, auc):
    make_run("r1", auc(overall=(0.9, 0.8, 1.0)), version="7", notice="made up")
    [entry] = entries.of_output(make_run.output).entries
    assert (entry.status, entry.version, entry.is_blessed) == ("pushed", "7", True)
    assert entry.started == datetime.datetime(1970, 1, 1, 1, tzinfo=datetime.timezone.utc)
    assert (entry.seconds, entry.notice) == (60.0, "made up")
    assert (entry.num_test_videos, entry.num_test_fakes) == (10, 6)
    assert entry.metrics == {"video_auc": Estimate(value=0.9, lower=0.8, upper=1.0)}


def test_a_run_that_goes_on_is_running_and_is_not_blamed_for_pushing_nothing(make_run):
    folder = make_run.begin("r1")
    make_run.add(folder, events.NodeStarted(node="Evaluator", time=3700.0))
    [entry] = entries.of_output(make_run.output).entries
    assert (entry.status, entry.is_running, entry.reasons) == ("running", True, ())
    assert entry.seconds == 100.0


def test_a_run_is_read_again_once_its_journal_has_grown(make_run):
    folder = make_run.begin("r1")
    assert entries.of_run(folder).seconds == 0
    make_run.add(folder, events.NodeStarted(node="Evaluator", time=3605.0))
    assert entries.of_run(folder).seconds == 5


def test_a_run_that_has_said_nothing_yet_is_left_out(make_run):
    folder = make_run.begin("r1")
    folder.journal.write_text("")
    assert entries.of_output(make_run.output) == entries.Runs(entries=())


def test_a_run_that_cannot_be_read_hides_no_other_and_is_told(make_run, auc):
    make_run("broken", auc(overall=(0.9, 0.8, 1.0))).summary.write_text('{"run_id": ')
    make_run("whole", auc(overall=(0.9, 0.8, 1.0)))
    found = entries.of_output(make_run.output)
    assert names(found) == ["whole"]
    [error] = found.unreadable
    assert error.code == "unreadable_run"
    assert "the run broken cannot be read" in str(error)
    assert "move it out of the output folder" in str(error)


@pytest.mark.parametrize(
    ("model", "infra", "expected"),
    [(True, True, True), (True, False, False), (False, True, False), (True, None, None)],
)
def test_a_model_is_blessed_where_both_checks_say_so(make_run, auc, model, infra, expected):
    folder = make_run.begin("r1")
    facts = {**auc(overall=(0.9, 0.8, 1.0)), "model_blessing": {"blessed": model}}
    if infra is not None:
        facts["infra_blessing"] = {"blessed": infra, "reasons": []}
    ended = events.NodeEnded(node="Evaluator", state=NodeState.RAN, facts=facts, time=3700.0)
    make_run.add(folder, ended)
    assert entries.of_run(folder).is_blessed is expected


def test_a_run_is_compared_with_the_last_evaluated_one_of_its_pipeline(make_run, auc):
    make_run("a1", auc(overall=(0.9, 0.8, 1.0)))
    make_run("b1", auc(overall=(0.9, 0.8, 1.0)), pipeline="other")
    make_run("a2", {})  # failed
    make_run("a3", auc(overall=(0.9, 0.8, 1.0)))
    make_run.begin("a4")
    found = entries.of_output(make_run.output).entries
    former = {entry.run_id: entries.predecessor(found, entry.run_id) for entry in found}
    assert {name: one and one.run_id for name, one in former.items()} == {
        "a1": None,
        "b1": None,
        "a2": "a1",
        "a3": "a1",
        "a4": "a3",
    }


def test_without_an_evaluated_run_the_last_that_ended_is_compared_with(make_run):
    make_run("r1", {})
    make_run.begin("r2")
    make_run("r3", {})
    found = entries.of_output(make_run.output).entries
    assert entries.predecessor(found, "r3").run_id == "r1"
    assert entries.predecessor(found, "unknown") is None
