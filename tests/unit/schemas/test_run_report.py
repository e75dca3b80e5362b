"""Tests of RunReport and its file: byte for byte, and of other versions.

`run_report.json` is the report of a demo run, with fewer nodes, slices, metrics and gates.
"""

import dataclasses
import json
import pathlib

import made_reports
import pytest

from schemas import run_report
from schemas.run_report import (
    Blessings,
    Estimate,
    EvaluationSummary,
    NodeState,
    RunError,
    RunReport,
    SplitCounts,
    Status,
)

FILE = pathlib.Path(__file__).with_name("run_report.json")
ERROR = {"node": "Trainer", "type": "E", "code": "e", "message": "m", "advice": "a"}


@pytest.fixture(scope="module")
def text():
    """The text of a real file."""
    return FILE.read_text(encoding="utf-8")


@pytest.fixture
def values(text):
    """What a real file holds, to be changed."""
    return json.loads(text)


def read(values):
    return RunReport.from_json(json.dumps(values))


def test_a_real_file_is_read_and_written_again_byte_for_byte(text):
    report = RunReport.from_json(text)
    assert report.to_json() + "\n" == text
    assert RunReport.from_json(report.to_json()) == report
    assert report.missing == ()


def test_a_real_file_is_read_into_types(text):
    report = RunReport.from_json(text)
    assert report.status is Status.PUSHED
    assert report.started.isoformat() == "2026-11-29T02:27:56+00:00"
    assert (report.nodes[0].id, report.nodes[0].state) == ("VideoValidator", NodeState.RAN)
    assert (report.videos.num_in, report.videos.num_accepted) == (168, 166)
    assert report.videos.num_rejected == 2
    assert report.splits["train"] == SplitCounts(videos=84, tracks=84, clips=336)
    assert report.evaluation.overall.name == run_report.OVERALL
    assert report.evaluation.overall.metrics["video_pr_auc"] == Estimate(
        value=1.0, lower=None, upper=None
    )
    assert [gate.passed for gate in report.evaluation.gates] == [True, True, True]
    assert report.evaluation.blessed
    assert report.blessed == Blessings(model=True, infra=True)
    assert report.pushed.path.endswith(report.pushed.version)


def test_a_run_that_reached_nothing_is_written_with_nulls_and_brought_back():
    report = made_reports.report(error=RunError(**ERROR), not_pushed_because=("Trainer failed",))
    values = json.loads(report.to_json())
    assert (values["videos"], values["metrics"], values["baseline_compared"]) == (None, None, None)
    assert (values["gates"], values["nodes"], values["splits"]) == ([], [], {})
    assert values["blessed"] == {"model": None, "infra": None, "reasons": []}
    assert values["error"] == ERROR
    assert RunReport.from_json(report.to_json()) == report


def test_an_evaluation_without_slices_is_brought_back():
    report = made_reports.report(
        evaluation=EvaluationSummary(blessed=False, has_baseline=True, slices=(), gates=())
    )
    assert json.loads(report.to_json())["metrics"] == {"overall": None, "slices": []}
    assert RunReport.from_json(report.to_json()) == report


@pytest.mark.parametrize("key", ["notice", "splits", "gates", "blessed", "log"])
def test_a_report_of_an_older_version_counts_what_it_lacks_as_not_reached(values, key):
    del values[key]
    report = read(values)
    assert report.missing == (key,)
    assert json.loads(report.to_json()) == values, "it is not said to hold what it never held"


def test_without_metrics_there_is_no_evaluation(values):
    del values["metrics"]
    assert read(values).evaluation is None


@pytest.mark.parametrize("key", ["run_id", "pipeline", "status", "started", "finished", "seconds"])
def test_a_report_that_does_not_say_which_run_it_is_of_is_none(values, key):
    del values[key]
    with pytest.raises(ValueError, match=f"not a run report: KeyError: '{key}'"):
        read(values)


def test_a_key_of_a_later_version_is_left_out(values):
    report = read({**values, "mood": 1})
    assert "mood" not in json.loads(report.to_json())
    assert report == read(values)


def test_a_part_with_a_field_that_is_not_known_is_refused(values):
    values["gates"][0]["mood"] = 1
    with pytest.raises(ValueError, match="mood"):
        read(values)


@pytest.mark.parametrize("text", ["{", "[]", "7", '"r"', '{"run_id": "r"}'])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(ValueError, match=r"not a run report|Expecting"):
        RunReport.from_json(text)


@pytest.mark.parametrize("change", [{"status": "asleep"}, {"started": "yesterday"}])
def test_a_value_that_is_not_known_is_refused(values, change):
    with pytest.raises(ValueError, match=next(iter(change.values()))):
        read({**values, **change})


@pytest.mark.parametrize(
    ("status", "code"),
    [("pushed", 0), ("partial", 0), ("failed", 1), ("not_blessed", 3), ("interrupted", 130)],
)
def test_exit_statuses_are_those_of_the_help(status, code):
    assert run_report.EXIT_STATUS[Status(status)] == code


@pytest.mark.parametrize(
    ("model", "infra", "both"),
    [
        (True, True, True),
        (True, False, False),
        (False, None, False),
        (True, None, None),
        (None, None, None),
    ],
)
def test_nothing_speaks_against_a_push_where_both_say_so(model, infra, both):
    assert Blessings(model=model, infra=infra).both is both


def test_an_evaluation_says_what_is_broken(text):
    evaluation = RunReport.from_json(text).evaluation
    first, *others = evaluation.gates
    gates = (dataclasses.replace(first, passed=False, reason="too low"), *others)
    broken = dataclasses.replace(evaluation, gates=gates)
    assert (evaluation.reasons, broken.reasons) == ((), ("too low",))
    assert broken.broken == gates[:1]


def test_slices_are_named_by_their_pairs():
    assert run_report.slice_name(()) == run_report.OVERALL
    pairs = (("context", "news"), ("video_codec", "h264"))
    assert run_report.slice_name(pairs) == "context:news, video_codec:h264"
