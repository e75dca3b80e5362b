"""Curves through real Evaluator runs and back through TFMA's API."""

import dataclasses
import hashlib
import json
import pathlib

import numpy as np
import pytest
import tensorflow_model_analysis as tfma

from pipeline.config.sections import EvaluationConfig
from pipeline.evaluation import curve_points, curves, eval_config, results, statistics
from schemas import features
from schemas.run_report import EvaluationSummary

CONFIG = EvaluationConfig(
    slices=(features.MANIPULATION_METHOD,), min_slice_videos=2, bootstrap_rounds=100
)


METHOD = features.MANIPULATION_METHOD
NAMES = ("fake0", "fake1", "fake2", "real0", "real1")


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """A real evaluation: what the report says of it, and its folder."""

    summary: EvaluationSummary
    folder: str


@pytest.fixture(scope="module")
def made(evaluate, track):
    """Fakes 0.9, 0.6 and 0.3, of which the first has a second track; reals 0.6 and 0.2."""
    tracks = [
        track("fake0", True, (0.9, 0.8), method="warp"),
        track("fake0", True, (0.2, 0.1), method="warp"),
        track("fake1", True, (0.6, 0.8), method="warp"),
        track("fake2", True, (0.3, 0.8), method="swap"),
        track("real0", False, (0.6, 0.3)),
        track("real1", False, (0.2, 0.3)),
    ]

    def run(**models):
        summary, blessing = evaluate(tracks, CONFIG, **models)
        return Evaluated(summary, str(pathlib.Path(blessing.uri).parent / "evaluation"))

    return run


@pytest.fixture(scope="module")
def alone(made):
    return made()


@pytest.fixture(scope="module")
def compared(made):
    """With a baseline that tells all videos apart."""
    return made(model=0, baseline=1)


def counts_at_half(found):
    tp, fp = curve_points.counts_at(found, [0.5])
    return int(tp[0]), int(fp[0]), found.num_fake, found.num_real


def test_the_curves_of_each_slice_are_over_videos(alone):
    found = curves.load(alone.folder)
    assert list(found) == ["overall", f"{METHOD}:original", f"{METHOD}:swap", f"{METHOD}:warp"]
    assert set(found) == {entry.name for entry in alone.summary.slices}
    assert counts_at_half(found["overall"]) == (2, 1, 3, 2)
    assert counts_at_half(found[f"{METHOD}:warp"]) == (2, 0, 2, 0)
    assert counts_at_half(found[f"{METHOD}:original"]) == (0, 1, 0, 2)
    assert [found[name].has_both_classes for name in found] == [True, False, False, False]


def test_what_is_drawn_is_what_is_reported(alone):
    overall = curves.load(alone.folder)["overall"]
    reported = alone.summary.overall.metrics
    points = curve_points.roc(overall)
    assert np.trapezoid(points.y, points.x) == pytest.approx(
        reported[statistics.AUC].value, abs=1e-12
    )
    gaps = sum(abs(entry.num_fake - entry.total_score) for entry in overall.bins)
    num_videos = sum(entry.num_videos for entry in overall.bins)
    assert gaps / num_videos == pytest.approx(reported[statistics.ECE].value, abs=1e-6)
    assert overall.bins[-1].upper == 1


def test_the_worst_videos_are_kept_by_digest_with_the_score_of_the_video(alone):
    worst = curves.load(alone.folder)["overall"].worst
    named = {hashlib.sha256(key.encode()).hexdigest(): key for key in NAMES}
    assert [(named[video.record_sha256], video.is_fake) for video in worst] == [
        ("fake2", True),
        ("real0", False),
        ("fake1", True),
        ("real1", False),
        ("fake0", True),  # its other track, at 0.2, is not its score
    ]
    assert [video.score for video in worst] == pytest.approx([0.3, 0.6, 0.6, 0.2, 0.9])


def test_candidate_and_baseline_have_curves_of_their_own_and_gates_still_hold(compared):
    summary, folder = compared.summary, compared.folder
    assert any(gate.baseline == 1.0 for gate in summary.gates)  # the change was judged
    assert counts_at_half(curves.load(folder)["overall"]) == (2, 1, 3, 2)
    assert counts_at_half(curves.load(folder, of_baseline=True)["overall"]) == (3, 0, 3, 2)
    before = {entry.name: entry for entry in results.baseline_slices(folder)}
    assert before["overall"].metrics[statistics.AUC].value == 1.0
    assert set(before) == {entry.name for entry in summary.slices}


def test_without_a_baseline_it_has_neither_curves_nor_statistics(alone):
    assert curves.load(alone.folder, of_baseline=True) is None
    assert results.baseline_slices(alone.folder) == ()


def test_an_evaluation_that_was_made_without_curves_reads_as_none(made, monkeypatch):
    whole = eval_config.eval_config(CONFIG)
    del whole.metrics_specs[0].metrics[1]  # VideoPlots
    monkeypatch.setattr(eval_config, "eval_config", lambda _: whole)
    former = made()
    assert curves.load(former.folder) is None
    assert former.summary.overall.num_videos == 5


def test_tfmas_own_views_still_show_its_stock_plots(alone):
    """They keep one plot of a slice."""
    for _, plots in tfma.load_eval_result(alone.folder).plots:
        assert len(plots[""][""]["calibrationHistogramBuckets"]["buckets"]) > 1000


def test_neither_the_report_nor_its_track_metrics_grow_by_curves(compared):
    reported = json.dumps(dataclasses.asdict(compared.summary))
    for kept in ("worst", "fake2", "confusion_matrices", "video_calibration", "_diff"):
        assert kept not in reported
    assert "auc" in compared.summary.overall.track_metrics


def test_the_settings_are_those_that_it_was_made_with(alone):
    assert results.settings(alone.folder) == (2, 100, 0.95)
