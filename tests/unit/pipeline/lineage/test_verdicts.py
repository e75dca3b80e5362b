"""Why a model was blessed or not."""

import json

import pytest

from pipeline.lineage import names, verdicts
from pipeline.lineage.store import Store
from pipeline.metadata import connection


def test_a_blessed_model_names_its_gates_and_its_baseline(store, made):
    found = verdicts.why(store, "1003")
    [evaluation] = found.evaluations
    assert (evaluation.run, evaluation.blessed) == (made.run_name(3), True)
    assert evaluation.baseline_id == names.model(store, "1001").id, "run 2 was not blessed"
    assert evaluation.baseline_versions == ("1001",)
    [gate] = evaluation.gates
    assert (gate.metric, gate.value, gate.bound, gate.passed) == ("video_auc", 0.95, 0.8, True)
    assert evaluation.overall["video_auc"].value == 0.95
    assert found.versions == ("1003",)


def test_a_refused_model_says_which_gate_broke(store, made):
    found = verdicts.why(store, made.run_name(2))
    [evaluation] = found.evaluations
    assert evaluation.blessed is False
    assert [gate.reason for gate in evaluation.gates if not gate.passed] == [
        "video AUC 0.500 < 0.800 on overall"
    ]
    assert found.versions == ()
    assert [push.pushed for push in found.pushes] == [False]


def test_the_first_model_has_no_baseline(store):
    [evaluation] = verdicts.why(store, "1000").evaluations
    assert evaluation.baseline_id is None


def test_an_evaluation_as_a_baseline_is_not_one_of_the_model(store):
    """Model 1000 was the baseline of the next run."""
    assert len(verdicts.why(store, "1000").evaluations) == 1


@pytest.fixture
def own(made, tmp_path):
    """An output folder that a test may change."""
    made.make_store(tmp_path, runs=1)
    return tmp_path


def asked(output):
    return verdicts.why(Store(connection.of_file(output / "metadata.db")), "1000")


def test_findings_of_the_server_are_told(own):
    path = own / "artifacts/ServingValidator/blessing/0/reasons.json"
    path.write_text(json.dumps({"reasons": [{"code": "no_answer", "message": "no answer"}]}))
    [check] = asked(own).serving_checks
    assert check.findings == ("no answer",)


def test_an_evaluation_without_any_file_says_so_and_keeps_the_blessing(own, made):
    (own / made.run_name(0) / "summary.json").unlink()
    [evaluation] = asked(own).evaluations
    assert evaluation.blessed is True
    assert evaluation.gates == ()
    assert "eval_config.json" in evaluation.unread
