"""Detection statistics over videos, for one sample or many resamples at once; NumPy only.

Every statistic is a function of how often each video is counted: the point estimate counts each
once, a bootstrap round counts it as often as it was drawn. So one vectorised implementation
gives both. AUC and calibration error are those of `schemas.scoring`. V videos, R rounds.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from schemas import scoring
from schemas.scoring import Bools, Float64s, Roc, ratio

NUM_VIDEOS: Final = "num_videos"
NUM_FAKE_VIDEOS: Final = "num_fake_videos"
NUM_REAL_VIDEOS: Final = "num_real_videos"
COUNTS: Final = (NUM_VIDEOS, NUM_FAKE_VIDEOS, NUM_REAL_VIDEOS)

AUC: Final = "video_auc"
PR_AUC: Final = "video_pr_auc"
ACCURACY: Final = "video_accuracy"
BALANCED_ACCURACY: Final = "video_balanced_accuracy"
RECALL: Final = "video_recall"
SPECIFICITY: Final = "video_specificity"
PRECISION: Final = "video_precision"
F1: Final = "video_f1"
EER: Final = "eer"
TPR_AT_FPR_1: Final = "tpr_at_fpr_1"
TPR_AT_FPR_5: Final = "tpr_at_fpr_5"
_TPR_AT: Final = dict(zip((TPR_AT_FPR_1, TPR_AT_FPR_5), scoring.FALSE_POSITIVE_RATES, strict=True))
ECE: Final = "ece"
LOG_LOSS: Final = "log_loss"
BRIER: Final = "brier"
RATES: Final = (
    *(AUC, PR_AUC, ACCURACY, BALANCED_ACCURACY, RECALL, SPECIFICITY, PRECISION, F1),
    *(EER, TPR_AT_FPR_1, TPR_AT_FPR_5, ECE, LOG_LOSS, BRIER),
)

_MAX_CELLS: Final = 2_000_000  # rounds x videos held at once: 16 MB per intermediate array
_MIN_PROBABILITY: Final = 1e-7  # keeps the log loss of a certain and wrong score finite


def measure(
    is_fake: Bools, scores: Float64s, weights: Float64s | None = None
) -> dict[str, Float64s]:
    """Computes `RATES` for each row of `weights`.

    A statistic that a row cannot define is NaN: all that compare the classes where one class is
    missing (recall needs fakes, specificity reals), precision where nothing is called fake, and
    everything where a score is not finite.

    Args:
      is_fake: [V] bool, whether each video is manipulated.
      scores: [V], P(fake) in [0, 1].
      weights: [R, V], how often each video counts; each once if None.

    Returns:
      [R] by name.
    """
    if weights is None:
        weights = np.ones((1, len(scores)))
    if not np.isfinite(scores).all():
        return {name: np.full(len(weights), np.nan) for name in RATES}
    fakes, reals = weights @ is_fake, weights @ ~is_fake
    measured = _decisions(is_fake, scores, weights) | _calibration(is_fake, scores, weights)
    measured |= _ranking(scoring.roc(scores, is_fake, weights), fakes, reals)
    for name in (AUC, PR_AUC, BALANCED_ACCURACY, PRECISION, F1, EER, TPR_AT_FPR_1, TPR_AT_FPR_5):
        measured[name] = np.where((fakes > 0) & (reals > 0), measured[name], np.nan)
    return measured


def intervals(
    is_fake: Bools, scores: Float64s, *, rounds: int, confidence_level: float, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Percentile-bootstrap intervals of `RATES` (Efron and Tibshirani 1993, chapter 13).

    The unit is the video, drawn with replacement within its class: how many fakes and reals a
    test set holds is somebody's design, not chance. Videos of one identity count as independent,
    so the intervals are too narrow where few identities make many videos. A perfect sample
    resamples to perfect ones, which tell nothing: no interval then, but see `score_intervals`.

    Args:
      is_fake: [V] bool, whether each video is manipulated.
      scores: [V], P(fake) in [0, 1].
      rounds: Number R of resamples.
      confidence_level: Share of resamples inside the interval, in (0, 1).
      seed: Equal seeds give equal intervals for equal arrays.

    Returns:
      Lower and upper bound by name; NaN where the statistic is undefined or never varies.
    """
    drawn = [measure(is_fake, scores, weights) for weights in _resamples(is_fake, rounds, seed)]
    tail = (1 - confidence_level) / 2
    bounds = {}
    for name in RATES:
        values = np.concatenate([chunk[name] for chunk in drawn])
        values = values[np.isfinite(values)]
        varies = len(values) > 0 and np.ptp(values) > 0
        lower, upper = np.quantile(values, [tail, 1 - tail]) if varies else (np.nan, np.nan)
        bounds[name] = (float(lower), float(upper))
    return bounds


def _resamples(is_fake: Bools, rounds: int, seed: int) -> Iterator[Float64s]:
    """Yields [r, V] draw counts, `rounds` rows in all, as many at once as memory allows."""
    generator = np.random.default_rng(seed)
    per_chunk = max(1, _MAX_CELLS // len(is_fake))
    for start in range(0, rounds, per_chunk):
        rows = min(per_chunk, rounds - start)
        weights = np.zeros((rows, len(is_fake)))
        for videos in (np.flatnonzero(is_fake), np.flatnonzero(~is_fake)):
            size = len(videos)
            drawn = generator.integers(size, size=(rows, size)) if size else np.empty((rows, 0))
            cells = (drawn + size * np.arange(rows)[:, None]).astype(np.intp)
            counts = np.bincount(cells.ravel(), minlength=rows * size)
            weights[:, videos] = counts.reshape(rows, size)
        yield weights


def _ranking(roc: Roc, fakes: Float64s, reals: Float64s) -> dict[str, Float64s]:
    """Statistics without a threshold; of no meaning in rows where a class has no weight.

    PR AUC is the average precision, a step function as in scikit-learn (Davis and Goadrich 2006);
    the EER lies where the ROC, its vertices joined by lines, crosses FPR = 1 - TPR; TPR at an FPR
    is that of the best threshold whose FPR is not above it.
    """
    tp, fp = roc
    new_fakes = np.diff(tp, axis=1)
    precision = ratio(tp[:, 1:], tp[:, 1:] + fp[:, 1:])
    return {
        AUC: roc.area(),
        PR_AUC: ratio(np.nansum(new_fakes * precision, axis=1), fakes),
        EER: _equal_error_rate(ratio(tp, fakes[:, None]), ratio(fp, reals[:, None])),
        **{name: _tpr_at_fpr(roc, fakes, reals, rate) for name, rate in _TPR_AT.items()},
    }


def _equal_error_rate(tpr: Float64s, fpr: Float64s) -> Float64s:
    excess = fpr - (1 - tpr)  # rises from -1 to 1 along the curve
    after = np.maximum(np.argmax(excess >= 0, axis=1), 1)[:, None]
    before = after - 1
    low, high = (np.take_along_axis(excess, index, axis=1) for index in (before, after))
    fpr_low, fpr_high = (np.take_along_axis(fpr, index, axis=1) for index in (before, after))
    rate: Float64s = (fpr_low + ratio(-low, high - low) * (fpr_high - fpr_low))[:, 0]
    return rate


def _tpr_at_fpr(roc: Roc, fakes: Float64s, reals: Float64s, fpr: float) -> Float64s:
    allowed = roc.false_positives <= fpr * reals[:, None] + 1e-9
    return ratio(np.max(roc.true_positives * allowed, axis=1), fakes)


def _decisions(is_fake: Bools, scores: Float64s, weights: Float64s) -> dict[str, Float64s]:
    """Statistics of the decision at `scoring.DECISION_THRESHOLD`."""
    called = scores > scoring.DECISION_THRESHOLD
    tp, fp = weights @ (called & is_fake), weights @ (called & ~is_fake)
    fn, tn = weights @ (~called & is_fake), weights @ (~called & ~is_fake)
    recall, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
    return {
        ACCURACY: ratio(tp + tn, weights.sum(axis=1)),
        BALANCED_ACCURACY: (recall + specificity) / 2,
        RECALL: recall,
        SPECIFICITY: specificity,
        PRECISION: ratio(tp, tp + fp),
        F1: ratio(2 * tp, 2 * tp + fp + fn),
    }


def _calibration(is_fake: Bools, scores: Float64s, weights: Float64s) -> dict[str, Float64s]:
    """Expected calibration error, log loss and Brier score (Brier 1950)."""
    total = weights.sum(axis=1)
    likelihood = np.clip(np.where(is_fake, scores, 1 - scores), _MIN_PROBABILITY, 1.0)
    return {
        ECE: scoring.calibration_errors(scores, is_fake, weights),
        LOG_LOSS: weights @ -np.log(likelihood) / total,
        BRIER: weights @ (is_fake - scores) ** 2 / total,
    }
