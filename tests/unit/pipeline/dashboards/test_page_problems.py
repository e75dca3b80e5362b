"""What goes wrong with a page is told and kept, and stops nothing."""

import pytest

from pipeline.dashboards import page_problems
from pipeline.dashboards.page_problems import Problems
from pipeline.runs.folders import RunFolder
from schemas.errors import DashboardError


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run-1")


def codes(folder):
    return [problem.code for problem in page_problems.of_run(folder)]


def test_what_a_reader_can_correct_is_told_without_a_traceback(folder, caplog):
    with Problems(folder, "Evaluator").told("the page Evaluation") as guard:
        raise DashboardError("training_record", "history.jsonl breaks its contract; correct it")
    [problem] = page_problems.of_run(folder)
    assert problem == guard.problem
    assert (problem.code, problem.type) == ("training_record", "DashboardError")
    assert problem.message == ("the page Evaluation: history.jsonl breaks its contract; correct it")
    assert "`deepfake dashboard run-1`" in problem.advice
    [record] = caplog.records
    assert (record.levelname, record.exc_info) == ("ERROR", None)
    assert "training_record: the page Evaluation: history.jsonl" in record.message


def test_a_bug_is_told_with_its_traceback_and_stops_no_run(folder, caplog):
    with Problems(folder, "run").told("the page Data"):
        raise ZeroDivisionError("a bug")
    [problem] = page_problems.of_run(folder)
    assert (problem.type, problem.message) == ("ZeroDivisionError", "the page Data: a bug")
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_goes_on(folder, interrupt):
    with pytest.raises(interrupt), Problems(folder, "run").told("the page Data"):
        raise interrupt
    assert codes(folder) == []


def test_what_went_well_leaves_no_file(folder):
    with Problems(folder, "run").told("the page Data") as guard:
        pass
    assert guard.problem is None
    assert not folder.path.exists()


def test_each_process_has_a_file_and_a_new_attempt_begins_it_anew(folder):
    for node in ("Trainer", "Evaluator", "Trainer"):
        Problems(folder, node).add(
            f"the page of {node}", DashboardError("training_record", "no good")
        )
    assert [problem.message for problem in page_problems.of_run(folder)] == [
        "the page of Evaluator: no good",
        "the page of Trainer: no good",
    ]
    Problems(folder, "Trainer")
    assert len(codes(folder)) == 1
