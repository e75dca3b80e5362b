"""Score intervals: published values, and what a bootstrap gets wrong."""

import math

import numpy as np
import pytest

from pipeline.evaluation import score_intervals, statistics


@pytest.mark.parametrize(
    ("successes", "size", "expected"),
    [  # Newcombe 1998, two-sided 95 % intervals for the single proportion, method 3 (Wilson)
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_intervals_are_those_of_the_literature(successes, size, expected):
    found = score_intervals.proportion(successes / size, size, 0.95)
    assert found == pytest.approx(expected, abs=6e-5)


def test_the_area_interval_narrows_with_videos_and_never_collapses():
    few = score_intervals.area_under_curve(1.0, 4, 4, 0.95)
    many = score_intervals.area_under_curve(1.0, 400, 400, 0.95)
    assert few[1] == many[1] == 1.0
    assert few[0] < 0.75 < 0.98 < many[0]


def test_the_area_interval_is_symmetric_under_a_swap_of_the_classes():
    low, high = score_intervals.area_under_curve(0.8, 10, 30, 0.95)
    mirrored = score_intervals.area_under_curve(0.2, 30, 10, 0.95)
    assert (1 - high, 1 - low) == pytest.approx(mirrored)
    assert low < 0.8 < high


def test_the_area_interval_covers_the_truth_about_as_often_as_it_says():
    """Two normal classes one deviation apart: the true area is 0.760."""
    generator, truth, covered, rounds = np.random.default_rng(0), 0.7602, 0, 600
    is_fake = np.arange(40) < 15
    for _ in range(rounds):
        scores = 1 / (1 + np.exp(-(generator.normal(size=40) + is_fake)))
        auc = float(statistics.measure(is_fake, scores)[statistics.AUC][0])
        low, high = score_intervals.area_under_curve(auc, 15, 25, 0.95)
        covered += low <= truth <= high
    assert 0.92 <= covered / rounds <= 0.99


def test_balanced_accuracy_is_as_uncertain_as_its_parts():
    rates = {statistics.RECALL: 1.0, statistics.SPECIFICITY: 1.0, statistics.ACCURACY: 1.0}
    found = score_intervals.intervals(
        rates | {statistics.AUC: 1.0}, num_fake=3, num_real=3, confidence_level=0.95
    )
    low, high = found[statistics.BALANCED_ACCURACY]
    assert high == 1.0
    assert found[statistics.RECALL][0] < low < 1.0


def test_what_is_undefined_has_no_interval():
    rates = dict.fromkeys(
        (statistics.RECALL, statistics.SPECIFICITY, statistics.AUC, statistics.ACCURACY), math.nan
    )
    found = score_intervals.intervals(rates, num_fake=0, num_real=5, confidence_level=0.95)
    assert all(math.isnan(bound) for pair in found.values() for bound in pair)
