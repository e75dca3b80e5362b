"""Temperature and thresholds on logits whose truth is known."""

import numpy as np
import pytest

from pipeline.model import calibration
from schemas import scoring


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
    assert scoring.probabilities(logits / found.temperature).max() < 0.99


def test_calibration_lowers_the_calibration_error():
    found = calibration.calibrate(*drawn(3.0))
    assert found.ece_after < 0.02 < 0.1 < found.ece_before
    assert found.num_pristine + found.num_fake == 20_000
