"""Temperature and thresholds on logits whose truth is known."""

import numpy as np
import pytest

from pipeline.model import calibration, scores


def drawn(temperature, size=20_000):
    """Logits that are `temperature` times too large, and labels that follow the true ones."""
    rng = np.random.default_rng(0)
    exact = rng.normal(0, 2, size)
    is_fake = rng.random(size) < 1 / (1 + np.exp(-exact))
    return (exact * temperature).astype(np.float32), is_fake


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_a_known_temperature_is_recovered(temperature):
    found = calibration.fit_temperature(*drawn(temperature))
    assert found == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize(("factor", "expected"), [(1e-4, 0.05), (1e4, 20.0)])
def test_the_temperature_stays_in_its_bounds(factor, expected):
    logits, is_fake = drawn(1.0)
    found = calibration.fit_temperature(logits * np.float32(factor), is_fake)
    assert found == pytest.approx(expected, rel=1e-3)


def test_a_few_perfectly_told_videos_do_not_ask_for_infinite_confidence():
    logits = np.array([-2, -1.5, -1, 1, 1.5, 2], np.float32)
    is_fake = logits > 0
    found = calibration.calibrate(logits, is_fake)
    assert found.temperature > 0.5
    assert scores.probabilities(logits / found.temperature).max() < 0.99


def test_calibration_lowers_the_calibration_error():
    found = calibration.calibrate(*drawn(3.0))
    assert found.ece_after < 0.02 < 0.1 < found.ece_before
    assert found.num_pristine + found.num_fake == 20_000


@pytest.mark.parametrize(
    ("size", "rate", "rank"), [(100, 0.05, 6), (100, 0.01, 2), (99, 0.01, 1), (8, 0.05, 1)]
)
def test_the_threshold_lies_just_above_the_first_score_that_is_not_allowed(size, rate, rank):
    pristine = np.random.default_rng(0).random(size).astype(np.float32)
    threshold = np.float32(calibration.threshold_at(pristine, rate))
    score = np.sort(pristine)[-rank]
    assert score < threshold
    assert np.nextafter(threshold, np.float32(0)) == score


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_the_threshold_keeps_its_promise_and_none_smaller_would(rate):
    rng = np.random.default_rng(1)
    for size in (3, 20, 100, 257):
        pristine = np.round(rng.random(size), 2).astype(np.float32)  # with ties
        threshold = np.float32(calibration.threshold_at(pristine, rate))
        smaller = np.nextafter(threshold, np.float32(0))
        assert (pristine >= threshold).mean() <= rate < (pristine >= smaller).mean()


def test_a_threshold_never_leaves_the_range_of_probabilities():
    assert calibration.threshold_at(np.ones(5, np.float32), 0.01) == 1
