"""What is kept of the scores: counts at thresholds, bins, the worst videos."""

import hashlib
import json
import math

import numpy as np
import pytest

from pipeline.evaluation import statistics, video_plots
from schemas import scoring
from schemas.scoring import VideoScore

# Fakes 0.9, 0.6, 0.3; reals 0.6, 0.1, 0.0.
IS_FAKE = np.array([True, True, True, False, False, False])
SCORES = np.array([0.9, 0.6, 0.3, 0.6, 0.1, 0.0])


def at(message, threshold):
    return next(row for row in message.matrices if row.threshold == threshold)


def test_videos_are_counted_above_each_threshold():
    message = video_plots.confusion_matrices(IS_FAKE, SCORES)
    counts = {
        threshold: (
            row.true_positives,
            row.false_positives,
            row.true_negatives,
            row.false_negatives,
        )
        for threshold in (0.0, 0.3, 0.5, 0.6, 0.9)
        if (row := at(message, threshold))
    }
    assert counts == {
        0.0: (3, 2, 1, 0),  # the score 0 is not above 0
        0.3: (2, 1, 2, 1),
        0.5: (2, 1, 2, 1),
        0.6: (1, 0, 3, 2),  # ties are crossed together
        0.9: (0, 0, 3, 3),
    }


def test_rates_are_tfmas_and_undefined_where_nothing_is_called():
    message = video_plots.confusion_matrices(IS_FAKE, SCORES)
    assert at(message, 0.5).precision == pytest.approx(2 / 3)
    assert at(message, 0.5).recall == pytest.approx(2 / 3)
    assert math.isnan(at(message, 0.9).precision)
    alone = video_plots.confusion_matrices(IS_FAKE[3:], SCORES[3:])
    assert math.isnan(at(alone, 0.5).recall)


def test_thresholds_begin_below_every_score_end_at_1_and_hold_half():
    for scores in (SCORES, np.array([0.0]), np.array([1.0]), np.linspace(0, 1, 10_000)):
        thresholds = video_plots.thresholds(scores)
        assert thresholds[0] < scores.min()
        assert thresholds[-1] == 1
        assert 0.5 in thresholds
        assert (np.diff(thresholds) > 0).all()


def test_few_scores_are_all_kept_and_many_are_thinned_by_quantiles():
    few = np.random.default_rng(0).random(480)
    assert set(few) <= set(video_plots.thresholds(few))
    many = np.random.default_rng(0).beta(0.2, 0.2, 100_000)  # most of them near 0 and 1
    thresholds = video_plots.thresholds(many)
    assert len(thresholds) <= 502
    between = np.diff(np.searchsorted(np.sort(many), thresholds))
    assert between.max() <= 2 * len(many) / 480


def test_bins_are_those_of_the_calibration_error():
    generator = np.random.default_rng(1)
    scores = np.append(generator.random(200), [0.0, 1.0])
    is_fake = np.append(generator.random(200) < 0.5, [False, True])
    buckets = video_plots.calibration(is_fake, scores).buckets
    assert len(buckets) == scoring.NUM_ECE_BINS
    assert sum(bucket.num_weighted_examples.value for bucket in buckets) == 202
    gaps = (
        abs(b.total_weighted_label.value - b.total_weighted_refined_prediction.value)
        for b in buckets
    )
    (expected,) = statistics.measure(is_fake, scores)[statistics.ECE]
    assert sum(gaps) / 202 == pytest.approx(expected)


def sha256(name):
    return hashlib.sha256(name.encode()).hexdigest()


def test_the_worst_videos_are_those_furthest_from_their_label():
    videos = {
        b"sure": VideoScore(True, 0.99),
        b"missed": VideoScore(True, 0.2),
        b"alarm": VideoScore(False, 0.7),
        b"\xc3\xa4": VideoScore(False, 0.7),
        b"broken": VideoScore(False, math.nan),
    }
    rows = json.loads(video_plots.worst_videos(videos, 4))
    assert rows == [
        [sha256("broken"), False, None],
        [sha256("missed"), True, 0.2],
        [sha256("alarm"), False, 0.7],
        [sha256("\u00e4"), False, 0.7],
    ]


def test_a_score_that_is_not_finite_leaves_no_curve_but_is_named():
    metric = video_plots.VideoPlots(num_worst_videos=3, code_fingerprint="x")
    joined, derived = metric.computations()
    videos = {b"a": VideoScore(True, math.nan), b"b": VideoScore(False, 0.1)}
    values = {key.name: value for key, value in derived.result({joined.keys[0]: videos}).items()}
    assert set(values) == {*video_plots.PLOTS, video_plots.WORST_VIDEOS}
    assert not values[video_plots.CONFUSION_MATRICES].matrices
    assert not values[video_plots.CALIBRATION].buckets
    assert json.loads(values[video_plots.WORST_VIDEOS])[0] == [sha256("a"), True, None]
