"""From clips to tracks to videos, and how well videos are told apart; NumPy only.

Training, calibration, evaluation, pages and whoever answers for a video use these rules, so that
one model has one AUC and one calibration error. M tracks, K clips, T frames, V videos, R rows of
weights, G distinct scores.

Track: mean of the logits of its clips that show a face. Video: its highest track. Both commute
with division by a positive temperature, and the highest logit has the highest probability.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Float32s = npt.NDArray[np.float32]
Float64s = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DECISION_THRESHOLD: Final = 0.5  # evaluation calls a video fake above it, as TFMA's metrics do
FALSE_POSITIVE_RATES: Final = (0.01, 0.05)  # targets of the thresholds that travel with a model
NUM_ECE_BINS: Final = 15  # equal bins of [0, 1], as in Guo et al. 2017

# Tracks to a video, element by element: the highest score, and fake if any track is.
_JOIN_SCORES: Final = np.maximum
_JOIN_LABELS: Final = np.logical_or


class VideoScore(NamedTuple):
    """One video: whether it is fake, and P(fake) of its highest track."""

    is_fake: bool
    score: float

    def joined(self, other: "VideoScore") -> "VideoScore":
        """The same video seen through further tracks; a score that is not finite survives."""
        return VideoScore(
            bool(_JOIN_LABELS(self.is_fake, other.is_fake)),
            float(_JOIN_SCORES(self.score, other.score)),
        )


def masked_mean(values: Floats, mask: Floats) -> Float32s:
    """Mean of the values that the mask keeps.

    Args:
      values: [..., T] float32.
      mask: [..., T] float32 in {0, 1}.

    Returns:
      [...] float32; 0 where the mask keeps nothing.
    """
    kept = np.asarray(mask, np.float32)
    total = (np.asarray(values, np.float32) * kept).sum(axis=-1)
    mean: Float32s = total / np.maximum(kept.sum(axis=-1), np.float32(1))
    return mean


def track_logits(clip_logits: Floats, present: Floats) -> Float32s:
    """Mean over the clips with at least one present frame.

    Args:
      clip_logits: [M, K] float32.
      present: [M, K, T] float32 in {0, 1}.

    Returns:
      [M] float32; 0 for a track without any face.
    """
    return masked_mean(clip_logits, present.max(axis=2))


def by_video(
    logits: Float32s, is_fake: Bools, record_keys: npt.NDArray[np.str_]
) -> tuple[Float32s, Bools]:
    """Joins the tracks of each video.

    Args:
      logits: [M], or scores: the highest is the same track's.
      is_fake: [M].
      record_keys: [M], equal for the tracks of one video.

    Returns:
      Logits [V] and labels [V], in the order of the record keys.
    """
    _, first, video = np.unique(record_keys, return_index=True, return_inverse=True)
    joined = np.full(first.size, -np.inf, logits.dtype)
    _JOIN_SCORES.at(joined, video, logits)
    labels = np.zeros(first.size, np.bool_)
    _JOIN_LABELS.at(labels, video, is_fake)
    return joined, labels


def probabilities(logits: Floats) -> Float32s:
    """P(fake) of [...] logits, float32 in [0, 1]."""
    return np.exp(-np.logaddexp(0, -logits.astype(np.float64))).astype(np.float32)


class Roc(NamedTuple):
    """Videos called fake above each distinct score, from none to all of them.

    Attributes:
      true_positives: [R, G + 1] float64, weight of the fake videos above the score.
      false_positives: [R, G + 1] float64, weight of the pristine videos above the score.
    """

    true_positives: Float64s
    false_positives: Float64s

    def area(self) -> Float64s:
        """[R] areas under the curve; NaN where a class has no weight.

        This is the Mann-Whitney statistic, in which ties count one half (Hanley and McNeil 1982).
        """
        fakes, reals = self.true_positives[:, -1], self.false_positives[:, -1]
        new_fakes = np.diff(self.true_positives, axis=1)
        new_reals = np.diff(self.false_positives, axis=1)
        pairs = (new_reals * (self.true_positives[:, :-1] + new_fakes / 2)).sum(axis=1)
        return ratio(pairs, fakes * reals)


def roc(scores: Floats, is_fake: Bools, weights: Float64s | None = None) -> Roc:
    """Counts videos above every distinct score (Fawcett 2006, algorithm 1).

    Equal scores are crossed together: no threshold can tell them apart.

    Args:
      scores: [V], V at least 1; logits serve as well.
      is_fake: [V].
      weights: [R, V], how often each video counts; each once if None.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counted, fake = _weights(weights, len(scores))[:, order], is_fake[order]
    steps = (np.add.reduceat(counted * side, starts, axis=1) for side in (fake, ~fake))
    return Roc(*(np.pad(np.cumsum(step, axis=1), ((0, 0), (1, 0))) for step in steps))


def auc(scores: Floats, is_fake: Bools) -> float:
    """Area under the ROC curve of [V] scores; see `Roc.area`.

    Raises:
      ValueError: One of the classes is empty.
    """
    fakes, pristine = int(is_fake.sum()), int((~is_fake).sum())
    if not fakes or not pristine:
        raise ValueError(f"AUC needs both classes, got {pristine} pristine and {fakes} fake")
    return float(roc(scores, is_fake).area()[0])


def ece_bins(scores: Floats) -> npt.NDArray[np.intp]:
    """Number in [0, `NUM_ECE_BINS`) of the bin of each of [V] scores; bins are [lower, upper)."""
    exact = scores.astype(np.float64)  # a product in float32 could round a score into the next bin
    return np.minimum((exact * NUM_ECE_BINS).astype(np.intp), NUM_ECE_BINS - 1)


def calibration_errors(scores: Floats, is_fake: Bools, weights: Float64s | None = None) -> Float64s:
    """Expected calibration error of P(fake), over `NUM_ECE_BINS` bins of equal width.

    The mean over videos of the distance between the mean score and the share of fakes in their bin
    (Naeini et al. 2015; Guo et al. 2017, 1706.04599).

    Args:
      scores: [V] probabilities of fake, in [0, 1].
      is_fake: [V].
      weights: [R, V], how often each video counts; each once if None.

    Returns:
      [R] float64 in [0, 1].
    """
    counted = _weights(weights, len(scores))
    member = ece_bins(scores)[:, None] == np.arange(NUM_ECE_BINS)
    gaps: Float64s = is_fake - scores.astype(np.float64)
    errors: Float64s = np.abs(counted @ (member * gaps[:, None])).sum(axis=1) / counted.sum(axis=1)
    return errors


def calibration_error(scores: Floats, is_fake: Bools) -> float:
    """Expected calibration error with every video counted once; see `calibration_errors`."""
    return float(calibration_errors(scores, is_fake)[0])


def threshold_at(pristine: Floats, rate: float) -> float:
    """Smallest float32 t such that at most `rate` of the pristine videos score t or more.

    Args:
      pristine: [V] float32 probabilities of pristine videos, V at least 1.
      rate: Target false-positive rate in [0, 1).

    Returns:
      A float32 value, just above a pristine score; 1 where that would leave [0, 1]. With fewer
      than 1 / rate videos no false positive is allowed: just above the greatest score.
    """
    allowed = int(np.floor(rate * pristine.size + 1e-9))
    highest = np.sort(pristine.astype(np.float32))[::-1][allowed]
    return float(np.minimum(np.nextafter(highest, np.float32(2)), np.float32(1)))


def ratio(numerator: Float64s, denominator: Float64s) -> Float64s:
    """`numerator / denominator`, NaN where the denominator is zero."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    nothing = np.full(shape, np.nan)
    quotient: Float64s = np.divide(numerator, denominator, out=nothing, where=denominator != 0)
    return quotient


def _weights(weights: Float64s | None, num_videos: int) -> Float64s:
    return np.ones((1, num_videos)) if weights is None else weights
