"""Curves against hand-computed points and against the statistics that stand beside them."""

import math

import numpy as np
import pytest

from pipeline.evaluation import curve_points, statistics, video_plots
from pipeline.evaluation.curve_points import Points
from pipeline.evaluation.curves import CalibrationBin, Curves


def curves_of(is_fake, scores):
    """As `curves.load` gives them, without a file between."""
    matrices = video_plots.confusion_matrices(is_fake, scores).matrices
    buckets = video_plots.calibration(is_fake, scores).buckets
    return Curves(
        num_fake=int(is_fake.sum()),
        num_real=int((~is_fake).sum()),
        thresholds=np.array([row.threshold for row in matrices]),
        true_positives=np.array([row.true_positives for row in matrices], dtype=np.int64),
        false_positives=np.array([row.false_positives for row in matrices], dtype=np.int64),
        bins=tuple(
            CalibrationBin(
                lower=b.lower_threshold_inclusive,
                upper=b.upper_threshold_exclusive,
                num_videos=round(b.num_weighted_examples.value),
                num_fake=round(b.total_weighted_label.value),
                total_score=b.total_weighted_refined_prediction.value,
            )
            for b in buckets
        ),
        worst=(),
    )


def area(points):
    """Below a curve whose points are joined by lines, as the pages draw it."""
    return float(np.trapezoid(points.y, points.x))


@pytest.fixture
def small():
    """Fakes 0.9, 0.6, 0.3; reals 0.6, 0.1."""
    is_fake = np.array([True, True, True, False, False])
    return curves_of(is_fake, np.array([0.9, 0.6, 0.3, 0.6, 0.1]))


@pytest.fixture(params=[3, 40, 300], ids="{} videos a class".format)
def drawn(request):
    """Overlapping scores of two decimals, so with many ties: labels and scores."""
    generator = np.random.default_rng(request.param)
    size = request.param
    scores = np.append(generator.beta(3, 2, size), generator.beta(2, 3, size)).round(2)
    return np.repeat([True, False], size), scores


def test_the_roc_goes_through_the_counted_points(small):
    points = curve_points.thinned(curve_points.roc(small), 10)
    assert list(zip(points.x, points.y, strict=True)) == [
        (0, 0),
        (0, pytest.approx(1 / 3)),  # above 0.6
        (0.5, pytest.approx(2 / 3)),  # a real and a fake tie at 0.6
        (0.5, 1),
        (1, 1),
    ]


def test_the_area_below_the_roc_is_the_auc(drawn):
    is_fake, scores = drawn
    (expected,) = statistics.measure(is_fake, scores)[statistics.AUC]
    whole = curve_points.roc(curves_of(is_fake, scores))
    assert area(whole) == pytest.approx(expected, abs=1e-12)


def test_the_area_below_the_steps_of_precision_is_the_average_precision(drawn):
    is_fake, scores = drawn
    (expected,) = statistics.measure(is_fake, scores)[statistics.PR_AUC]
    points = curve_points.precision_recall(curves_of(is_fake, scores))
    assert points.x[0] == 0
    assert points.x[-1] == 1
    assert (np.diff(points.x) * points.y[1:]).sum() == pytest.approx(expected, abs=1e-12)


def test_precision_and_recall_at_thresholds(small):
    points = curve_points.precision_recall(small, [0.5, 0.95])
    assert points.x == pytest.approx([2 / 3, 0])
    assert points.y[0] == pytest.approx(2 / 3)
    assert math.isnan(points.y[1])  # nothing is called fake above 0.95


def test_ten_thousand_thinned_scores_keep_the_area():
    generator = np.random.default_rng(0)
    is_fake = np.repeat([True, False], 5000)
    scores = np.append(generator.beta(3, 2, 5000), generator.beta(2, 3, 5000))
    (expected,) = statistics.measure(is_fake, scores)[statistics.AUC]
    points = curve_points.roc(curves_of(is_fake, scores))
    assert area(points) == pytest.approx(expected, abs=1e-4)
    assert area(curve_points.thinned(points, 80)) == pytest.approx(expected, abs=2e-3)


def test_normal_deviates_are_those_of_the_table():
    assert curve_points.probit([0.5, 0.975, 0.05]) == pytest.approx([0, 1.959964, -1.644854])


def test_no_error_is_drawn_at_half_a_video(small):
    points = curve_points.detection_error_tradeoff(small, [0.95, 0.5, 0.0])
    half_real, half_fake = curve_points.probit([0.5 / 2, 0.5 / 3])
    assert points.x[0] == pytest.approx(half_real)  # no false alarm above 0.95
    assert points.y[2] == pytest.approx(half_fake)  # no miss above 0
    assert (points.x[1], points.y[1]) == pytest.approx(tuple(curve_points.probit([1 / 2, 1 / 3])))


def test_the_least_certain_are_left_out_first(small):
    """Certainties 0.4 (0.9 and 0.1, right), 0.2 (0.3, a miss), 0.1 (0.6 twice, one wrong)."""
    found = curve_points.risk_coverage(small)
    assert found.num_kept.tolist() == [2, 3, 5]
    assert found.num_wrong.tolist() == [0, 1, 2]
    assert found.certainty == pytest.approx([0.4, 0.2, 0.1])


def test_when_all_are_kept_the_risk_is_that_of_the_accuracy(drawn):
    is_fake, scores = drawn
    found = curve_points.risk_coverage(curves_of(is_fake, scores))
    (accuracy,) = statistics.measure(is_fake, scores)[statistics.ACCURACY]
    assert found.num_kept[-1] == len(scores)
    assert 1 - found.num_wrong[-1] / len(scores) == pytest.approx(accuracy)


def test_risk_and_coverage_agree_with_sorting_all_videos(drawn):
    is_fake, scores = drawn
    found = curve_points.risk_coverage(curves_of(is_fake, scores))
    certainty = np.abs(scores - 0.5).round(9)
    wrong = (scores > 0.5) != is_fake
    for kept, missed, least in zip(*found, strict=True):
        chosen = certainty >= least
        assert (chosen.sum(), (wrong & chosen).sum()) == (kept, missed)


def test_histograms_count_every_video_once(drawn):
    is_fake, scores = drawn
    edges = np.linspace(0, 1, 21)
    fakes, reals = curve_points.histogram(curves_of(is_fake, scores), edges)
    assert fakes.sum() == is_fake.sum()
    assert reals.sum() == (~is_fake).sum()
    first = (scores <= 0.05).sum()
    assert fakes[0] + reals[0] == first


def test_a_score_on_an_edge_is_in_the_lower_bin():
    is_fake = np.array([True, True, False])
    found = curve_points.histogram(curves_of(is_fake, np.array([0.0, 0.5, 1.0])), [0, 0.5, 1])
    assert [counts.tolist() for counts in found] == [[2, 0], [0, 1]]


def test_the_calibration_error_of_the_bins_is_that_of_the_statistics(drawn):
    is_fake, scores = drawn
    (expected,) = statistics.measure(is_fake, scores)[statistics.ECE]
    bins = curves_of(is_fake, scores).bins
    gaps = sum(abs(entry.num_fake - entry.total_score) for entry in bins)
    assert gaps / sum(entry.num_videos for entry in bins) == pytest.approx(expected)


def test_counts_between_thresholds_are_those_of_the_next_lower_one(small):
    tp, fp = curve_points.counts_at(small, [-1, 0.59999, 0.6, 2])
    assert tp.tolist() == [3, 2, 1, 0]
    assert fp.tolist() == [2, 1, 0, 0]


def test_thinning_keeps_the_bends_and_both_ends():
    x = np.array([0, 0, 0, 0.2, 0.4, 0.4, 1.0])
    y = np.array([0, 0.2, 0.5, 0.5, 0.5, 0.5, 1.0])
    kept = curve_points.thinned(Points(x, y, np.arange(7.0)), 10)
    assert kept.x.tolist() == [0, 0, 0.4, 1]
    assert kept.y.tolist() == [0, 0.5, 0.5, 1]
    steps = np.linspace(0, 1, 99)
    few = curve_points.thinned(Points(steps**2, steps, steps), 5)
    assert (len(few.x), few.x[0], few.x[-1]) == (5, 0, 1)


def test_a_curve_of_one_point_stays_one_point():
    one = Points(np.array([0.5, 0.5]), np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    assert curve_points.thinned(one, 10).x.tolist() == [0.5]
