"""The run report: every figure, and for every ending a status and a reason."""

import json
import pathlib

import pytest

from pipeline.runs import events, reporting
from pipeline.runs.events import Outcome
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Journal
from pipeline.runs.state import RunState
from schemas.run_report import Status


def reported(state):
    return reporting.summarize(state, run_dir=pathlib.Path("runs/r"), log=pathlib.Path("run.log"))


def summarize(state):
    """The report as its file has it."""
    return json.loads(reported(state).to_json())


def test_a_run_that_pushed(state, facts):
    summary = summarize(state(facts))
    assert summary["status"] == "pushed"
    assert summary["pushed"] == {"version": "7", "path": "serving/7"}
    assert summary["not_pushed_because"] == []
    assert summary["videos"] == {
        "in": 96,
        "accepted": 93,
        "rejected": {"no_face": 2, "truncated": 1},
    }
    assert summary["splits"]["train"] == {"videos": 60, "tracks": 62, "clips": 248}
    assert summary["metrics"]["overall"]["num_videos"] == 27
    assert [entry["name"] for entry in summary["metrics"]["slices"]] == ["manipulation_method:swap"]
    assert summary["baseline_compared"] is False
    assert summary["blessed"] == {"model": True, "infra": True, "reasons": []}
    assert summary["nodes"][0] == {"id": "Validator", "state": "ran", "seconds": 1.23}
    assert (summary["started"], summary["seconds"]) == ("1970-01-01T00:00:00+00:00", 90.0)
    assert summary["error"] is None


def test_a_model_below_a_bar_tells_which(state, refused):
    summary = summarize(state(refused))
    assert summary["status"] == "not_blessed"
    assert summary["pushed"] is None
    reason = "model: video_recall 0.400 < 0.500 (4 fake) on manipulation_method:swap"
    assert summary["not_pushed_because"] == [reason]
    assert summary["blessed"] == {"model": False, "infra": True, "reasons": [reason]}


def test_a_model_that_does_not_serve_tells_why(state, refused, facts):
    refused["Evaluator"] = facts["Evaluator"] | {"model_blessing": {"blessed": False}}
    refused["Server"] = {"infra_blessing": {"blessed": False, "reasons": ["score is NaN"]}}
    assert "serving: score is NaN" in summarize(state(refused))["not_pushed_because"]


def test_a_refusal_without_a_broken_bar_is_told_as_pusher_put_it(state, refused):
    del refused["Evaluator"]
    assert summarize(state(refused))["not_pushed_because"] == ["the model is not blessed"]


def test_a_version_that_was_deleted_since_is_not_called_pushed(state, facts):
    facts["Pusher"]["push"]["present"] = False
    summary = summarize(state(facts))
    assert summary["status"] == "not_blessed"
    assert summary["not_pushed_because"] == ["version 7 was pushed earlier, but serving/7 is gone"]


def test_a_failed_run_tells_the_error_and_keeps_what_was_found(state, facts):
    del facts["Pusher"]
    error = events.Failed(node="Pusher", type="E", code="e", message="m", advice="a")
    summary = summarize(state(facts, outcome=Outcome.FAILED, error=error))
    assert summary["status"] == "failed"
    assert summary["error"] == {
        "node": "Pusher",
        "type": "E",
        "code": "e",
        "message": "m",
        "advice": "a",
    }
    assert summary["not_pushed_because"] == ["Pusher failed"]
    assert summary["videos"]["in"] == 96


def test_a_run_without_an_end_has_failed(facts):
    start = events.RunStarted(run_id="r", pipeline="p", time=0.0)
    summary = summarize(RunState([start]))
    assert (summary["status"], summary["not_pushed_because"]) == ("failed", ["the run died"])
    assert (summary["videos"], summary["metrics"], summary["nodes"]) == (None, None, [])


def test_an_interrupted_run(state):
    assert summarize(state({}, outcome=Outcome.INTERRUPTED))["status"] == "interrupted"


def test_a_run_that_was_not_to_reach_pusher_is_no_failure(state, facts):
    del facts["Pusher"]
    summary = summarize(state(facts, skipped=("Pusher",)))
    assert summary["status"] == "partial"
    assert summary["not_pushed_because"] == ["Pusher was not among the nodes to run"]


def test_a_journal_without_a_start_is_refused():
    with pytest.raises(ValueError, match="does not tell how the run started"):
        reported(RunState([]))


def test_the_report_is_written_whole(tmp_path, state, facts):
    report = reported(state(facts))
    reporting.write(tmp_path / "summary.json", report)
    assert (tmp_path / "summary.json").read_text() == report.to_json() + "\n"
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


@pytest.fixture
def folder(tmp_path):
    """The folder of a run that has begun."""
    folder = RunFolder(tmp_path)
    Journal(folder.journal).append(events.RunStarted(run_id="r", pipeline="p", time=0.0))
    return folder


def test_without_a_written_report_the_journal_says_what_it_would_be_now(folder):
    assert reporting.read(folder) is None
    assert reporting.of_run(folder).status is Status.FAILED
    assert reporting.of_run(folder).run_id == "r"


def test_a_written_report_counts_whatever_the_journal_says(folder, state, facts):
    report = reported(state(facts))
    reporting.write(folder.summary, report)
    assert reporting.read(folder) == report
    assert reporting.of_run(folder) == report


def test_a_file_that_is_no_report_is_refused(folder):
    folder.summary.write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        reporting.of_run(folder)
