"""Statistics against scikit-learn, hand-made cases, and their behaviour where undefined."""

import numpy as np
import pytest

from pipeline.evaluation import statistics

sklearn_metrics = pytest.importorskip("sklearn.metrics")


def point(is_fake, scores):
    arrays = np.array(is_fake, dtype=bool), np.array(scores, dtype=float)
    return {name: row[0] for name, row in statistics.measure(*arrays).items()}


@pytest.fixture(params=[(40, None), (300, None), (300, 1), (60, 2)], ids=str)
def sample(request):
    """Labels and scores; `decimals` makes ties."""
    size, decimals = request.param
    generator = np.random.default_rng(size)
    is_fake = generator.random(size) < 0.6
    scores = np.clip(generator.normal(0.45 + 0.2 * is_fake, 0.25), 0, 1)
    return is_fake, scores if decimals is None else np.round(scores, decimals)


def test_every_statistic_that_scikit_learn_has_agrees_with_it(sample):
    is_fake, scores = sample
    called = scores > 0.5
    found = point(is_fake, scores)
    expected = {
        statistics.AUC: sklearn_metrics.roc_auc_score(is_fake, scores),
        statistics.PR_AUC: sklearn_metrics.average_precision_score(is_fake, scores),
        statistics.ACCURACY: sklearn_metrics.accuracy_score(is_fake, called),
        statistics.BALANCED_ACCURACY: sklearn_metrics.balanced_accuracy_score(is_fake, called),
        statistics.RECALL: sklearn_metrics.recall_score(is_fake, called),
        statistics.SPECIFICITY: sklearn_metrics.recall_score(~is_fake, ~called),
        statistics.PRECISION: sklearn_metrics.precision_score(is_fake, called),
        statistics.F1: sklearn_metrics.f1_score(is_fake, called),
        statistics.BRIER: sklearn_metrics.brier_score_loss(is_fake, scores),
        statistics.LOG_LOSS: sklearn_metrics.log_loss(is_fake, np.clip(scores, 1e-7, 1 - 1e-7)),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_ranking_statistics_follow_the_roc_of_scikit_learn(sample):
    is_fake, scores = sample
    fpr, tpr, _ = sklearn_metrics.roc_curve(is_fake, scores, drop_intermediate=False)
    along = np.linspace(0, len(fpr) - 1, 2_000_001)  # a fine walk along the polyline
    fpr_along, tpr_along = (np.interp(along, np.arange(len(fpr)), axis) for axis in (fpr, tpr))
    crossing = fpr_along[np.argmin(np.abs(fpr_along - (1 - tpr_along)))]
    found = point(is_fake, scores)
    assert found[statistics.EER] == pytest.approx(crossing, abs=1e-4)
    assert found[statistics.TPR_AT_FPR_1] == pytest.approx(tpr[fpr <= 0.01].max())
    assert found[statistics.TPR_AT_FPR_5] == pytest.approx(tpr[fpr <= 0.05].max())


def test_equal_error_rate_of_hand_made_rankings():
    perfect = point([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    inverted = point([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9])
    constant = point([0, 1, 0, 1], [0.5] * 4)
    one_swap = point([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    found = [case[statistics.EER] for case in (perfect, inverted, constant, one_swap)]
    assert found == pytest.approx([0.0, 1.0, 0.5, 1 / 3])


def test_ties_with_a_real_do_not_count_towards_tpr_at_fpr():
    """A threshold cannot separate equal scores: the fake tied with the best real is missed."""
    found = point([1, 1, 1, 0, 0], [0.9, 0.8, 0.7, 0.7, 0.1])
    assert found[statistics.TPR_AT_FPR_1] == pytest.approx(2 / 3)


def test_calibration_error_of_hand_made_bins():
    """Four videos at 0.9 of which half are fake, four at 0.1 of which none is."""
    found = point([1, 1, 0, 0, 0, 0, 0, 0], [0.9] * 4 + [0.1] * 4)
    assert found[statistics.ECE] == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)


@pytest.mark.parametrize(
    ("is_fake", "defined"),
    [
        ([1, 1, 1], {statistics.ACCURACY, statistics.RECALL}),
        ([0, 0, 0], {statistics.ACCURACY, statistics.SPECIFICITY}),
    ],
)
def test_what_one_class_cannot_define_is_nan_and_not_zero(is_fake, defined):
    found = point(is_fake, [0.2, 0.6, 0.9])
    finite = {name for name, value in found.items() if np.isfinite(value)}
    assert finite == defined | {statistics.ECE, statistics.LOG_LOSS, statistics.BRIER}


def test_precision_is_undefined_where_nothing_is_called_fake_and_f1_is_zero():
    found = point([1, 0], [0.4, 0.1])
    assert np.isnan(found[statistics.PRECISION])
    assert found[statistics.F1] == 0.0


def test_a_score_that_is_not_finite_makes_every_statistic_nan():
    found = point([1, 0, 1], [0.4, np.nan, 0.9])
    assert all(np.isnan(value) for value in found.values())


def test_weights_count_videos_as_often_as_they_say(sample):
    is_fake, scores = sample
    counts = np.random.default_rng(1).integers(0, 4, size=len(scores))
    weighted = statistics.measure(is_fake, scores, counts[None, :].astype(float))
    repeated = point(np.repeat(is_fake, counts), np.repeat(scores, counts))
    assert {name: row[0] for name, row in weighted.items()} == pytest.approx(repeated, nan_ok=True)


def test_the_interval_of_a_proportion_matches_the_binomial():
    """Recall 0.8 over 500 fakes: standard error sqrt(0.8 x 0.2 / 500) = 0.0179."""
    is_fake = np.array([True] * 500 + [False] * 100)
    scores = np.array([0.9] * 400 + [0.1] * 200)
    bounds = statistics.intervals(is_fake, scores, rounds=2000, confidence_level=0.95)
    expected = (0.8 - 1.96 * 0.0179, 0.8 + 1.96 * 0.0179)
    assert bounds[statistics.RECALL] == pytest.approx(expected, abs=0.005)
    perfect = bounds[statistics.SPECIFICITY]
    assert np.isnan(perfect).all(), "a resample of a perfect sample tells nothing"


def test_intervals_hold_the_estimate_repeat_themselves_and_narrow_with_confidence(sample):
    is_fake, scores = sample
    found = point(is_fake, scores)
    wide, again, narrow = (
        statistics.intervals(is_fake, scores, rounds=400, confidence_level=level)
        for level in (0.95, 0.95, 0.6)
    )
    assert wide == again
    lower, upper = wide[statistics.AUC]
    assert 0 <= lower < found[statistics.AUC] < upper <= 1
    assert lower < narrow[statistics.AUC][0] < narrow[statistics.AUC][1] < upper


def test_intervals_of_undefined_statistics_are_nan():
    bounds = statistics.intervals(
        np.array([True, True]), np.array([0.2, 0.9]), rounds=100, confidence_level=0.95
    )
    assert np.isnan(bounds[statistics.AUC]).all()
    assert np.isfinite(bounds[statistics.RECALL]).all()


def test_chunks_of_rounds_give_what_one_block_gives(sample, monkeypatch):
    """The number of rounds, not the memory limit, decides how many resamples there are."""
    is_fake, scores = sample
    sizes = []
    original = statistics.measure

    def counting(is_fake, scores, weights):
        sizes.append(len(weights))
        return original(is_fake, scores, weights)

    monkeypatch.setattr(statistics, "measure", counting)
    monkeypatch.setattr(statistics, "_MAX_CELLS", 70 * len(scores))
    statistics.intervals(is_fake, scores, rounds=150, confidence_level=0.95)
    assert sizes == [70, 70, 10]
