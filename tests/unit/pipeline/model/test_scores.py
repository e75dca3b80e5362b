"""Tracks, videos and how well they are told apart."""

import numpy as np
import pytest
from sklearn import metrics

from pipeline.model import scores


def test_a_track_is_the_mean_of_its_clips_with_a_face():
    logits = np.array([[1, 3], [1, 50], [7, 7]], np.float32)
    present = np.array([[[1, 0], [0, 1]], [[1, 1], [0, 0]], [[0, 0], [0, 0]]], np.float32)
    np.testing.assert_allclose(scores.track_logits(logits, present), [2, 1, 0])


def test_the_mean_of_frames_counts_present_ones():
    logits = np.array([[2, 4, 99], [5, 5, 5]], np.float32)
    present = np.array([[1, 1, 0], [0, 0, 0]], np.float32)
    np.testing.assert_allclose(scores.frame_mean_logits(logits, present), [3, 0])


def test_a_video_is_its_most_suspicious_track():
    logits = np.array([0.5, -1, 2, -3], np.float32)
    keys = np.array(["a", "b", "a", "b"])
    joined, labels = scores.by_video(logits, np.array([False, True, False, False]), keys)
    np.testing.assert_allclose(joined, [2, -1])
    np.testing.assert_array_equal(labels, [False, True])


@pytest.mark.parametrize("decimals", [0, 6])
def test_auc_agrees_with_scikit_learn_also_on_ties(decimals):
    rng = np.random.default_rng(0)
    is_fake = rng.random(60) < 0.3
    found = np.round(rng.normal(size=60) + is_fake, decimals)
    assert scores.auc(found, is_fake) == pytest.approx(metrics.roc_auc_score(is_fake, found))


def test_auc_of_one_class_is_refused():
    with pytest.raises(ValueError, match="3 pristine and 0 fake"):
        scores.auc(np.zeros(3, np.float32), np.zeros(3, np.bool_))


def test_calibration_error_of_constant_confidence_is_its_distance_from_the_frequency():
    is_fake = np.array([True] * 6 + [False] * 4)
    assert scores.expected_calibration_error(np.full(10, 0.95), is_fake) == pytest.approx(0.35)
    assert scores.expected_calibration_error(np.full(10, 0.6), is_fake) == pytest.approx(0)


def test_calibration_error_takes_the_probability_1():
    assert scores.expected_calibration_error(np.ones(3), np.ones(3, np.bool_)) == 0
