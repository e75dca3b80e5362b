"""Detection statistics over videos, for one sample or many resamples at once; NumPy only.

Every statistic is a function of how often each video is counted: the point estimate counts each
once, a bootstrap round counts it as often as it was drawn. So one vectorised implementation
gives both. V videos, R rounds, G distinct scores.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

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
ECE: Final = "ece"
LOG_LOSS: Final = "log_loss"
BRIER: Final = "brier"
RATES: Final = (
    *(AUC, PR_AUC, ACCURACY, BALANCED_ACCURACY, RECALL, SPECIFICITY, PRECISION, F1),
    *(EER, TPR_AT_FPR_1, TPR_AT_FPR_5, ECE, LOG_LOSS, BRIER),
)

DECISION_THRESHOLD: Final = 0.5  # a video is called fake above it, as in TFMA's stock metrics
NUM_ECE_BINS: Final = 15
_MAX_CELLS: Final = 2_000_000  # rounds x videos held at once: 16 MB per intermediate array
_MIN_PROBABILITY: Final = 1e-7  # keeps the log loss of a certain and wrong score finite


class _Roc(NamedTuple):
    """Cumulative counts above each distinct score, from none to all; [R, G + 1] each."""

    true_positives: Array
    false_positives: Array


def measure(is_fake: Labels, scores: Array, weights: Array | None = None) -> dict[str, Array]:
    """Computes `RATES` for each row of `weights`.

    A statistic that a row cannot define is NaN: all that compare the classes where one class is
    missing (recall needs fakes, specificity reals), precision where nothing is called fake, and
    everything where a score is not finite.

    Args:
      is_fake: [V].
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
    measured |= _ranking(_roc(is_fake, scores, weights), fakes, reals)
    for name in (AUC, PR_AUC, BALANCED_ACCURACY, PRECISION, F1, EER, TPR_AT_FPR_1, TPR_AT_FPR_5):
        measured[name] = np.where((fakes > 0) & (reals > 0), measured[name], np.nan)
    return measured


def ece_bins(scores: Array) -> npt.NDArray[np.intp]:
    """Number in [0, `NUM_ECE_BINS`) of the bin of each of `scores` [V]; bins are [lower, upper)."""
    return np.minimum((scores * NUM_ECE_BINS).astype(np.intp), NUM_ECE_BINS - 1)


def intervals(
    is_fake: Labels, scores: Array, *, rounds: int, confidence_level: float, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Percentile-bootstrap intervals of `RATES` (Efron and Tibshirani 1993, chapter 13).

    The unit is the video, drawn with replacement within its class: how many fakes and reals a
    test set holds is somebody's design, not chance. Videos of one identity count as independent,
    so the intervals are too narrow where few identities make many videos. A perfect sample
    resamples to perfect ones, which tell nothing: no interval then, but see `score_intervals`.

    Args:
      is_fake: [V].
      scores: [V], P(fake) in [0, 1].
      rounds: R.
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


def _resamples(is_fake: Labels, rounds: int, seed: int) -> Iterator[Array]:
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


def _roc(is_fake: Labels, scores: Array, weights: Array) -> _Roc:
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    # Equal scores are crossed together: no threshold can tell them apart.
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counted, fake = weights[:, order], is_fake[order]
    steps = (np.add.reduceat(counted * side, starts, axis=1) for side in (fake, ~fake))
    return _Roc(*(np.pad(np.cumsum(step, axis=1), ((0, 0), (1, 0))) for step in steps))


def _ranking(roc: _Roc, fakes: Array, reals: Array) -> dict[str, Array]:
    """Threshold-free statistics; garbage where a class is missing.

    AUC is the Mann-Whitney statistic (ties count one half); PR AUC the average precision, a step
    function as in scikit-learn; the EER lies where the ROC, its vertices joined by lines,
    crosses FPR = 1 - TPR; TPR at an FPR is that of the best threshold whose FPR is not above it.
    """
    tp, fp = roc
    new_fakes, new_reals = np.diff(tp, axis=1), np.diff(fp, axis=1)
    pairs = (new_reals * (tp[:, :-1] + new_fakes / 2)).sum(axis=1)
    precision = _ratio(tp[:, 1:], tp[:, 1:] + fp[:, 1:])
    return {
        AUC: _ratio(pairs, fakes * reals),
        PR_AUC: _ratio(np.nansum(new_fakes * precision, axis=1), fakes),
        EER: _equal_error_rate(_ratio(tp, fakes[:, None]), _ratio(fp, reals[:, None])),
        TPR_AT_FPR_1: _tpr_at_fpr(roc, fakes, reals, 0.01),
        TPR_AT_FPR_5: _tpr_at_fpr(roc, fakes, reals, 0.05),
    }


def _equal_error_rate(tpr: Array, fpr: Array) -> Array:
    excess = fpr - (1 - tpr)  # rises from -1 to 1 along the curve
    after = np.maximum(np.argmax(excess >= 0, axis=1), 1)[:, None]
    before = after - 1
    low, high = (np.take_along_axis(excess, index, axis=1) for index in (before, after))
    fpr_low, fpr_high = (np.take_along_axis(fpr, index, axis=1) for index in (before, after))
    rate: Array = (fpr_low + _ratio(-low, high - low) * (fpr_high - fpr_low))[:, 0]
    return rate


def _tpr_at_fpr(roc: _Roc, fakes: Array, reals: Array, fpr: float) -> Array:
    allowed = roc.false_positives <= fpr * reals[:, None] + 1e-9
    return _ratio(np.max(roc.true_positives * allowed, axis=1), fakes)


def _decisions(is_fake: Labels, scores: Array, weights: Array) -> dict[str, Array]:
    """Statistics of the decision at `DECISION_THRESHOLD`."""
    called = scores > DECISION_THRESHOLD
    tp, fp = weights @ (called & is_fake), weights @ (called & ~is_fake)
    fn, tn = weights @ (~called & is_fake), weights @ (~called & ~is_fake)
    recall, specificity = _ratio(tp, tp + fn), _ratio(tn, tn + fp)
    return {
        ACCURACY: _ratio(tp + tn, weights.sum(axis=1)),
        BALANCED_ACCURACY: (recall + specificity) / 2,
        RECALL: recall,
        SPECIFICITY: specificity,
        PRECISION: _ratio(tp, tp + fp),
        F1: _ratio(2 * tp, 2 * tp + fp + fn),
    }


def _calibration(is_fake: Labels, scores: Array, weights: Array) -> dict[str, Array]:
    """Expected calibration error (Naeini et al. 2015, equal bins of P(fake)) and proper scores."""
    total = weights.sum(axis=1)
    gaps = is_fake - scores
    member = ece_bins(scores)[:, None] == np.arange(NUM_ECE_BINS)
    likelihood = np.clip(np.where(is_fake, scores, 1 - scores), _MIN_PROBABILITY, 1.0)
    return {
        ECE: np.abs(weights @ (member * gaps[:, None])).sum(axis=1) / total,
        LOG_LOSS: weights @ -np.log(likelihood) / total,
        BRIER: weights @ gaps**2 / total,
    }


def _ratio(numerator: Array, denominator: Array) -> Array:
    """`numerator / denominator`, NaN where the denominator is zero."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    nothing = np.full(shape, np.nan)
    return np.divide(numerator, denominator, out=nothing, where=denominator != 0)
