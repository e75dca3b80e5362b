"""The worker in this process, with the runner replaced."""

import pytest

from pipeline.cli import worker
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import run_pages
from pipeline.runs import folders
from pipeline.runs.journal import Follower


@pytest.fixture
def folder(tmp_path):
    folder = folders.create(tmp_path)
    folder.config.write_text(load.dump(PipelineConfig(output=str(tmp_path))))
    return folder


@pytest.fixture
def runner(monkeypatch):
    """Replaces the local runner, which gets the real graph."""
    return lambda steps: monkeypatch.setattr("pipeline.runners.local.run", steps)


@pytest.fixture(autouse=True)
def paged(monkeypatch):
    """Replaces the pages: collects what the journal said when they were to be written."""
    found = []
    monkeypatch.setattr(run_pages, "write_for", lambda folder: found.append(told(folder)))
    return found


def told(folder):
    return Follower(folder.journal).read()


def test_the_pages_are_written_once_the_run_has_ended(folder, runner, paged):
    runner(lambda ir, store, **options: None)
    assert worker.main([str(folder.path)]) == 0
    [before] = paged
    assert [event.outcome.value for event in before] == ["finished"]


def test_a_failed_run_has_pages_too(folder, runner, paged):
    def steps(ir, store, **options):
        raise ValueError("no good")

    runner(steps)
    assert worker.main([str(folder.path)]) == 1
    assert len(paged) == 1


def test_an_interrupted_run_ends_at_once_without_pages(folder, runner, paged):
    def steps(ir, store, **options):
        raise KeyboardInterrupt

    runner(steps)
    assert worker.main([str(folder.path)]) == 130
    assert paged == []


def test_an_interrupt_while_the_pages_are_written_changes_nothing_of_the_run(
    folder, runner, monkeypatch
):
    def interrupted(folder):
        raise KeyboardInterrupt

    runner(lambda ir, store, **options: None)
    monkeypatch.setattr(run_pages, "write_for", interrupted)
    assert worker.main([str(folder.path)]) == 0
    assert [event.outcome.value for event in told(folder)] == ["finished"]


def test_a_run_that_ends_well_says_so(folder, runner):
    received = {}
    runner(lambda ir, store, **options: received.update(options, ir=ir, store=store))
    assert worker.main([str(folder.path), "--from", "Trainer"]) == 0
    run_id = received["ir"].runtime_spec.pipeline_run_id.field_value.string_value
    assert run_id == folder.run_id
    assert received["store"].sqlite.filename_uri == str(folder.path.parent / "metadata.db")
    assert (received["from_node"], received["to_node"]) == ("Trainer", "")
    assert "--direct_running_mode=in_memory" in received["beam_args"]
    assert [event.outcome.value for event in told(folder)] == ["finished"]
    assert folder.ir.exists()


def test_an_error_is_journalled_with_the_node_that_was_started_last(folder, runner, caplog):
    from pipeline.runs import events

    def steps(ir, store, *, sink, **options):
        sink(events.NodeStarted(node="Trainer"))
        raise ValueError("no good")

    runner(steps)
    assert worker.main([str(folder.path)]) == 1
    _, failed, ended = told(folder)
    assert (failed.node, failed.type, failed.message) == ("Trainer", "ValueError", "no good")
    assert ended.outcome is events.Outcome.FAILED
    assert "ValueError: no good" in caplog.text  # the traceback is in the log


def test_an_interrupt_is_no_failure(folder, runner):
    def steps(ir, store, **options):
        raise KeyboardInterrupt

    runner(steps)
    assert worker.main([str(folder.path)]) == 130
    assert [event.outcome.value for event in told(folder)] == ["interrupted"]


def test_a_configuration_that_cannot_be_loaded_is_a_failure_with_a_code(folder):
    folder.config.write_text("nonsense: 1\n")
    assert worker.main([str(folder.path)]) == 1
    assert told(folder)[0].code == "config_unknown_key"
