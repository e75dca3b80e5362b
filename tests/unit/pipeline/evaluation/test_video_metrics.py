"""The values computed over videos."""

import math

import numpy as np
import pytest

from pipeline.evaluation import gates, statistics, video_metrics
from schemas.scoring import VideoScore

SETTINGS = video_metrics.Settings(min_slice_videos=1, bootstrap_rounds=100, confidence_level=0.95)


def test_every_name_is_always_there():
    """TFMA holds a gated metric that is missing on any slice for a failure."""
    for videos in ({b"a": VideoScore(True, 0.9)}, {b"a": VideoScore(False, 0.9)}):
        assert set(video_metrics.summarize(videos, SETTINGS)) == set(video_metrics.NAMES)


def test_summary_counts_videos_and_brackets_its_estimates():
    generator = np.random.default_rng(0)
    videos = {
        str(index).encode(): VideoScore(index % 3 > 0, float(generator.random()))
        for index in range(60)
    }
    summary = video_metrics.summarize(videos, SETTINGS)
    counts = [summary[name] for name in statistics.COUNTS]
    assert counts == [60.0, 40.0, 20.0]
    auc = statistics.AUC
    assert summary[auc + video_metrics.LOWER] < summary[auc] < summary[auc + video_metrics.UPPER]
    assert summary[gates.GATED_AUC] == summary[auc]
    assert summary[gates.GATED_RECALL] == math.inf


def test_the_order_of_arrival_does_not_change_the_intervals():
    videos = {
        b"a": VideoScore(True, 0.9),
        b"b": VideoScore(False, 0.6),
        b"c": VideoScore(True, 0.5),
    }
    turned = dict(reversed(videos.items()))
    first, second = (video_metrics.summarize(each, SETTINGS) for each in (videos, turned))
    assert first == pytest.approx(second, nan_ok=True)


def test_a_score_that_is_not_finite_survives_the_maximum_and_breaks_the_gate():
    joined = VideoScore(True, 0.9).joined(VideoScore(True, math.nan))
    videos = {b"a": joined, b"b": VideoScore(False, 0.1)}
    summary = video_metrics.summarize(videos, SETTINGS)
    assert math.isnan(summary[gates.GATED_AUC])
