"""The report of a run whose steps are processes of their own."""

import json

import pytest
from coded import raises_code

from pipeline.runners import closing
from pipeline.runs import events
from pipeline.runs.events import NodeState
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Journal


@pytest.fixture
def folder(tmp_path):
    """A run of two nodes that was prepared."""
    made = RunFolder(tmp_path / "run-1")
    made.steps.mkdir(parents=True)
    journal = Journal(made.journal)
    journal.append(events.RunStarted(run_id="run-1", pipeline="deepfake"))
    journal.append(events.Planned(nodes=("Trainer", "Pusher")))
    return made


def tell(folder, node, *happened):
    journal = Journal(folder.step_journal(node))
    for event in happened:
        journal.append(event)


def run_node(folder, node, state=NodeState.RAN, **facts):
    started = events.NodeStarted(node=node)
    tell(folder, node, started, events.NodeEnded(node=node, state=state, seconds=1, facts=facts))


def report(folder):
    closing.report(folder)
    return json.loads(folder.summary.read_text())


def test_a_run_whose_nodes_all_ended_well_has_finished(folder, tmp_path, capsys):
    version = tmp_path / "serving" / "7"
    version.mkdir(parents=True)
    run_node(folder, "Trainer", NodeState.CACHED)
    run_node(
        folder,
        "Pusher",
        push={"pushed": True, "version": "7", "path": str(version), "present": True},
    )
    summary = report(folder)
    assert summary["status"] == "pushed"
    assert [node["state"] for node in summary["nodes"]] == ["cached", "ran"]
    assert "PUSHED version 7" in capsys.readouterr().out


def test_a_step_that_was_killed_is_named(folder):
    tell(folder, "Trainer", events.NodeStarted(node="Trainer"))
    summary = report(folder)
    assert summary["status"] == "failed"
    assert summary["error"]["code"] == "step_lost"
    assert summary["error"]["node"] == "Trainer"
    assert "ended without a word" in summary["error"]["message"]


def test_a_step_that_never_began_is_named(folder):
    run_node(folder, "Trainer")
    summary = report(folder)
    assert (summary["error"]["node"], summary["status"]) == ("Pusher", "failed")
    assert "never began" in summary["error"]["message"]


def test_the_error_of_a_step_is_the_error_of_the_run(folder):
    run_node(folder, "Trainer", NodeState.FAILED)
    tell(folder, "Trainer", events.Failed(node="Trainer", type="ValueError", message="bad data"))
    summary = report(folder)
    assert summary["error"]["message"] == "bad data"


def test_a_failure_that_a_retry_mended_is_no_error(folder):
    run_node(folder, "Trainer", NodeState.FAILED)
    tell(folder, "Trainer", events.Failed(node="Trainer", type="ValueError", message="bad data"))
    run_node(folder, "Trainer")
    run_node(folder, "Pusher")
    summary = report(folder)
    assert summary["error"] is None
    assert summary["status"] == "not_blessed"


def test_a_run_that_could_not_be_prepared_says_why(tmp_path):
    folder = RunFolder(tmp_path / "run-2")
    folder.steps.mkdir(parents=True)
    refused = events.Failed(node="prepare", type="ConfigError", code="x", message="no such key")
    tell(folder, "prepare", refused)
    summary = report(folder)
    assert (summary["status"], summary["error"]["message"]) == ("failed", "no such key")


def test_a_second_report_changes_nothing(folder):
    run_node(folder, "Trainer")
    first = report(folder)
    journal = folder.journal.read_text()
    assert report(folder) == first
    assert folder.journal.read_text() == journal


def test_a_run_that_left_nothing_is_told_from_one_that_failed(tmp_path):
    with raises_code("no_journal", match="`prepare` did not begin"):
        closing.report(RunFolder(tmp_path / "run-3"))
