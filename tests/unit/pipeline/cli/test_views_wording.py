"""Figures in words."""

import dataclasses

import pytest

from pipeline.cli import views
from pipeline.runs.state import NodeRecord
from schemas.run_report import Estimate, EvaluationSummary, NodeState, SliceSummary


def node(fields, *, started=100.0, progressed=110.0):
    return NodeRecord(
        "A", NodeState.RUNNING, started=started, progress=fields, progressed=progressed
    )


def test_videos_have_a_pace_and_an_estimate():
    running = node({"videos_done": 20, "videos_total": 96, "videos_rejected": 2})
    assert views.of_progress(running, 110.0) == "20/96 videos  2.0/s  2 rejected  38s left"
    assert views.seconds_left(running, 120.0) == pytest.approx(28.0)
    assert views.seconds_left(running, 500.0) == 0.0


def test_before_the_first_video_there_is_no_estimate():
    assert views.of_progress(node({"videos_done": 0, "videos_total": 96}), 111.0) == "0/96 videos"


def test_a_node_without_reports_says_nothing():
    assert views.of_progress(node({}), 111.0) == ""
    assert views.fraction_done({}) is None


def evaluated(auc=None):
    """What Evaluator says where its model has that AUC; without one, there were no test videos."""
    counts = {"num_videos": 27, "num_fake_videos": 18, "num_real_videos": 9}
    overall = SliceSummary(name="overall", **counts, metrics={"video_auc": auc}, track_metrics={})
    slices = (overall,) if auc else ()
    found = EvaluationSummary(blessed=True, has_baseline=False, slices=slices, gates=())
    return dataclasses.asdict(found)


def test_facts_of_each_kind():
    def said(**facts):
        return views.of_facts(NodeRecord("A", NodeState.RAN, facts=facts))

    assert said(tracks={"train": {"tracks": 3}, "test": {"tracks": 1}}) == "4 tracks"
    assert said(model_blessing={"blessed": False}) == "NOT BLESSED"
    assert said(infra_blessing={"blessed": True}) == "blessed"
    assert said(push={"pushed": True, "version": "7"}) == "version 7"
    assert said(push={"pushed": False, "version": ""}) == "NOTHING PUSHED"
    assert said(evaluation=evaluated(Estimate(value=0.934, lower=0.88, upper=0.97))) == (
        "AUC 0.93 [0.88, 0.97]"
    )
    assert said(evaluation=evaluated(Estimate(value=1.0, lower=None, upper=None))) == "AUC 1.00"
    assert said(evaluation=evaluated()) == ""
