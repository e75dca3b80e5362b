"""Tracks, videos and how well they are told apart."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics

from schemas import scoring
from schemas.scoring import VideoScore


def test_a_track_is_the_mean_of_its_clips_with_a_face():
    logits = np.array([[1, 3], [1, 50], [7, 7]], np.float32)
    present = np.array([[[1, 0], [0, 1]], [[1, 1], [0, 0]], [[0, 0], [0, 0]]], np.float32)
    np.testing.assert_allclose(scoring.track_logits(logits, present), [2, 1, 0])


def test_the_mean_of_frames_counts_present_ones():
    logits = np.array([[2, 4, 99], [5, 5, 5]], np.float32)
    present = np.array([[1, 1, 0], [0, 0, 0]], np.float32)
    np.testing.assert_allclose(scoring.masked_mean(logits, present), [3, 0])


def test_a_video_is_its_most_suspicious_track():
    logits = np.array([0.5, -1, 2, -3], np.float32)
    keys = np.array(["a", "b", "a", "b"])
    joined, labels = scoring.by_video(logits, np.array([False, True, False, False]), keys)
    np.testing.assert_allclose(joined, [2, -1])
    np.testing.assert_array_equal(labels, [False, True])


def test_a_video_is_the_same_whether_its_tracks_come_one_by_one_or_all_at_once():
    generator = np.random.default_rng(0)
    scores = generator.random(50).astype(np.float32)
    is_fake, keys = generator.random(50) < 0.3, generator.integers(8, size=50).astype(str)
    videos = {}
    for key, label, score in zip(keys, is_fake, scores, strict=True):
        track = VideoScore(bool(label), float(score))
        videos[key] = videos.get(key, track).joined(track)
    joined, labels = scoring.by_video(scores, is_fake, keys)
    assert [tuple(videos[key]) for key in sorted(videos)] == list(
        zip(labels.tolist(), joined.tolist(), strict=True)
    )


# NumPy says that it met the value; that it stays is what is wanted.
@pytest.mark.filterwarnings("ignore:invalid value encountered in maximum:RuntimeWarning")
def test_a_score_that_is_not_finite_survives_every_joining():
    broken = VideoScore(False, np.nan)
    for video in (broken.joined(VideoScore(True, 0.9)), VideoScore(True, 0.9).joined(broken)):
        assert video.is_fake
        assert np.isnan(video.score)
    joined, _ = scoring.by_video(
        np.array([0.9, np.nan], np.float32), np.array([True, False]), np.array(["a", "a"])
    )
    assert np.isnan(joined).all()


def test_joining_commutes_with_temperature_and_probability():
    logits = np.array([0.5, -1, 2, -3, 7], np.float32)
    is_fake, keys = np.zeros(5, np.bool_), np.array(["a", "b", "a", "b", "c"])
    first, _ = scoring.by_video(logits, is_fake, keys)
    last, _ = scoring.by_video(scoring.probabilities(logits / np.float32(1.7)), is_fake, keys)
    np.testing.assert_array_equal(scoring.probabilities(first / np.float32(1.7)), last)


def test_probabilities_of_extreme_logits_are_0_and_1_without_a_warning():
    with np.errstate(all="raise", under="ignore"):
        found = scoring.probabilities(np.array([-1e4, -3, 0, 3, 1e4], np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [0, 1 / (1 + np.e**3), 0.5, 1 / (1 + np.e**-3), 1], 1e-6)


@pytest.mark.parametrize("decimals", [0, 6])
def test_auc_agrees_with_scikit_learn_also_on_ties(decimals):
    rng = np.random.default_rng(0)
    is_fake = rng.random(60) < 0.3
    found = np.round(rng.normal(size=60) + is_fake, decimals)
    assert scoring.auc(found, is_fake) == pytest.approx(metrics.roc_auc_score(is_fake, found))


def test_auc_of_one_class_is_refused():
    with pytest.raises(ValueError, match="3 pristine and 0 fake"):
        scoring.auc(np.zeros(3, np.float32), np.zeros(3, np.bool_))


def test_calibration_error_of_constant_confidence_is_its_distance_from_the_frequency():
    is_fake = np.array([True] * 6 + [False] * 4)
    assert scoring.calibration_error(np.full(10, 0.95), is_fake) == pytest.approx(0.35)
    assert scoring.calibration_error(np.full(10, 0.6), is_fake) == pytest.approx(0)


def test_calibration_error_takes_the_probability_1():
    assert scoring.calibration_error(np.ones(3), np.ones(3, np.bool_)) == 0


def test_the_calibration_error_does_not_depend_on_the_type_of_equal_scores():
    """Also at the edges of bins, which a product in float32 would round to the other side."""
    edges = np.arange(16, dtype=np.float32) / np.float32(15)
    scores = np.sort(np.concatenate([edges, np.nextafter(edges[1:], np.float32(0))]))
    is_fake = np.random.default_rng(0).random(scores.size) < scores
    wide = scores.astype(np.float64)
    np.testing.assert_array_equal(scoring.ece_bins(scores), scoring.ece_bins(wide))
    assert scoring.calibration_error(scores, is_fake) == scoring.calibration_error(wide, is_fake)


def test_weights_count_videos_as_often_as_they_say():
    generator = np.random.default_rng(0)
    is_fake = np.arange(40) % 3 == 0
    scores = generator.random(40).round(1)
    counts = generator.integers(0, 4, size=40)
    repeated = np.repeat(scores, counts), np.repeat(is_fake, counts)
    weights = np.stack([np.ones(40), counts.astype(np.float64)])
    np.testing.assert_allclose(
        scoring.roc(scores, is_fake, weights).area(),
        [scoring.auc(scores, is_fake), scoring.auc(*repeated)],
    )
    np.testing.assert_allclose(
        scoring.calibration_errors(scores, is_fake, weights),
        [scoring.calibration_error(scores, is_fake), scoring.calibration_error(*repeated)],
    )


@pytest.mark.parametrize(
    ("size", "rate", "rank"), [(100, 0.05, 6), (100, 0.01, 2), (99, 0.01, 1), (8, 0.05, 1)]
)
def test_the_threshold_lies_just_above_the_first_score_that_is_not_allowed(size, rate, rank):
    pristine = np.random.default_rng(0).random(size).astype(np.float32)
    threshold = np.float32(scoring.threshold_at(pristine, rate))
    score = np.sort(pristine)[-rank]
    assert score < threshold
    assert np.nextafter(threshold, np.float32(0)) == score


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_the_threshold_keeps_its_promise_and_none_smaller_would(rate):
    rng = np.random.default_rng(1)
    for size in (3, 20, 100, 257):
        pristine = np.round(rng.random(size), 2).astype(np.float32)  # with ties
        threshold = np.float32(scoring.threshold_at(pristine, rate))
        smaller = np.nextafter(threshold, np.float32(0))
        assert (pristine >= threshold).mean() <= rate < (pristine >= smaller).mean()


def test_a_threshold_never_leaves_the_range_of_probabilities():
    assert scoring.threshold_at(np.ones(5, np.float32), 0.01) == 1


def test_scoring_needs_numpy_and_nothing_else():
    program = (
        "import sys, schemas.scoring;"
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(run.stdout.split()) == {"__main__", "numpy", "schemas"}
