"""Performances."""

import numpy as np

from pipeline.demo import motion

TIMES = np.arange(150) / 25


def test_people_talk_blink_and_never_jump():
    acted = motion.perform(np.random.default_rng(0), TIMES)
    assert acted.mouth.min() < -0.4
    assert acted.mouth.max() > 0.4
    assert np.abs(acted.mouth).max() <= 1
    assert acted.lids.max() > 0.8
    assert np.median(acted.lids) < 1e-9
    for name in ("sway", "nod", "yaw", "pitch"):
        signal = getattr(acted, name)
        assert signal.std() > 0.5
        assert np.abs(np.diff(signal)).max() < 2


def test_speech_differs_from_speech():
    rng = np.random.default_rng(0)
    first, second = motion.speak(rng, TIMES), motion.speak(rng, TIMES)
    assert np.abs(np.corrcoef(first, second)[0, 1]) < 0.5
