"""Bootstrap intervals of all statistics: vectorised over rounds against a loop of scikit-learn.

The loop draws as `statistics.intervals` does, so both must end with the same bounds.
"""

import pathlib
from typing import Final

import numpy as np
from measuring import Outcome, Way, compare
from sklearn import metrics

from pipeline.evaluation import statistics
from schemas import scoring
from schemas.scoring import Bools, Float64s

NUM_VIDEOS: Final = 200
NUM_ROUNDS: Final = 200
CONFIDENCE: Final = 0.95
Bounds = dict[str, tuple[float, float]]


def run(folder: pathlib.Path) -> Outcome:
    """Measures both on made-up scores of as many fakes as reals."""
    generator = np.random.default_rng(0)
    is_fake = np.arange(NUM_VIDEOS) % 2 == 0
    scores = np.clip(generator.normal(0.45 + 0.2 * is_fake, 0.25), 0, 1)
    vectorised = Way(
        "statistics.intervals",
        lambda: statistics.intervals(
            is_fake, scores, rounds=NUM_ROUNDS, confidence_level=CONFIDENCE
        ),
    )
    loop = Way("loop over scikit-learn", lambda: _loop(is_fake, scores))
    sizes = {
        "videos": NUM_VIDEOS,
        "rounds": NUM_ROUNDS,
        "statistics": len(statistics.RATES),
    }
    return Outcome(sizes, [compare("vectorised", vectorised, loop, agree=_are_equal)])


def _loop(is_fake: Bools, scores: Float64s) -> Bounds:
    generator = np.random.default_rng(0)
    classes = [np.flatnonzero(is_fake), np.flatnonzero(~is_fake)]
    drawn = [
        videos[generator.integers(len(videos), size=(NUM_ROUNDS, len(videos)))]
        for videos in classes
    ]
    measured = [_rates(is_fake[chosen], scores[chosen]) for chosen in np.hstack(drawn)]
    tail = (1 - CONFIDENCE) / 2
    return {
        name: tuple(np.quantile([rates[name] for rates in measured], [tail, 1 - tail]))
        for name in statistics.RATES
    }


def _rates(is_fake: Bools, scores: Float64s) -> dict[str, float]:
    called = scores > scoring.DECISION_THRESHOLD
    fpr, tpr, _ = metrics.roc_curve(is_fake, scores, drop_intermediate=False)
    return {
        statistics.AUC: metrics.roc_auc_score(is_fake, scores),
        statistics.PR_AUC: metrics.average_precision_score(is_fake, scores),
        statistics.ACCURACY: metrics.accuracy_score(is_fake, called),
        statistics.BALANCED_ACCURACY: metrics.balanced_accuracy_score(is_fake, called),
        statistics.RECALL: metrics.recall_score(is_fake, called),
        statistics.SPECIFICITY: metrics.recall_score(~is_fake, ~called),
        statistics.PRECISION: metrics.precision_score(is_fake, called),
        statistics.F1: metrics.f1_score(is_fake, called),
        statistics.EER: float(np.interp(0, fpr + tpr - 1, fpr)),
        statistics.TPR_AT_FPR_1: tpr[fpr <= 0.01].max(),
        statistics.TPR_AT_FPR_5: tpr[fpr <= 0.05].max(),
        statistics.ECE: _calibration_error(is_fake, scores),
        statistics.LOG_LOSS: metrics.log_loss(is_fake, np.clip(scores, 1e-7, 1 - 1e-7)),
        statistics.BRIER: metrics.brier_score_loss(is_fake, scores),
    }


def _calibration_error(is_fake: Bools, scores: Float64s) -> float:
    """scikit-learn has none."""
    num_bins = scoring.NUM_ECE_BINS
    bins = np.minimum((scores * num_bins).astype(int), num_bins - 1)
    return float(np.abs(np.bincount(bins, is_fake - scores)).sum() / len(scores))


def _are_equal(found: Bounds, expected: Bounds) -> bool:
    return all(np.allclose(found[name], expected[name], atol=1e-6) for name in statistics.RATES)
