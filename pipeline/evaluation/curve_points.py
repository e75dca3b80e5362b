"""Curves over videos as points: ROC, precision-recall, DET, risk-coverage; NumPy only.

G thresholds, K points. A video is called fake above a threshold.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from pipeline.evaluation.curves import Array, Counts, Curves
from schemas.scoring import DECISION_THRESHOLD, Bools

_NORMAL: Final = NormalDist()
_SAME: Final = 9  # decimals in which two certainties of float32 scores can differ


class Points(NamedTuple):
    """A curve: `x` and `y` [K] in the order of drawing, and the threshold [K] at each point."""

    x: Array
    y: Array
    thresholds: Array


class Selective(NamedTuple):
    """A risk-coverage curve, from few videos to all; every array is [K].

    Attributes:
      num_kept: Number of videos that are not left to people.
      num_wrong: Number of these videos that are called wrongly.
      certainty: |score - 0.5| of the least certain video that is kept.
    """

    num_kept: Counts
    num_wrong: Counts
    certainty: Array


def counts_at(curves: Curves, thresholds: Sequence[float] | Array) -> tuple[Counts, Counts]:
    """True and false positives at any thresholds: those of the next lower one that is kept."""
    found = np.searchsorted(curves.thresholds, np.asarray(thresholds), side="right") - 1
    found = np.maximum(found, 0)
    return curves.true_positives[found], curves.false_positives[found]


def roc(curves: Curves, at: Sequence[float] | Array | None = None) -> Points:
    """False positive rate against recall, from (0, 0) to (1, 1).

    Args:
      curves: Counts of a slice with both classes.
      at: Thresholds [K] to give the points of; None for the whole curve.
    """
    thresholds = _thresholds(curves, at)
    tp, fp = counts_at(curves, thresholds)
    return Points(fp / curves.num_real, tp / curves.num_fake, thresholds)


def _thresholds(curves: Curves, at: Sequence[float] | Array | None) -> Array:
    return curves.thresholds[::-1] if at is None else np.asarray(at, dtype=np.float64)


def precision_recall(curves: Curves, at: Sequence[float] | Array | None = None) -> Points:
    """Recall against precision, to be drawn as steps: first up or down, then right.

    Lines between the points would promise what no threshold gives (Davis and Goadrich 2006). The
    area below the steps is the average precision.

    Args:
      curves: Counts of a slice with both classes.
      at: Thresholds [K] to give the points of; None for the whole curve. The precision is NaN where
        nothing is called fake.
    """
    thresholds = _thresholds(curves, at)
    tp, fp = counts_at(curves, thresholds)
    precision = np.divide(tp, tp + fp, out=np.full(len(thresholds), np.nan), where=tp + fp > 0)
    points = Points(tp / curves.num_fake, precision, thresholds)
    if at is not None:
        return points
    recall, precision, thresholds = (column[np.isfinite(precision)] for column in points)
    first = Points(np.zeros(1), precision[:1], thresholds[:1])
    return Points(*map(np.concatenate, zip(first, (recall, precision, thresholds), strict=True)))


def detection_error_tradeoff(curves: Curves, at: Sequence[float] | Array | None = None) -> Points:
    """False positive rate against false negative rate as normal deviates (Martin et al. 1997).

    A rate of 0 has none: it stands where half a video would, and a rate of 1 likewise.

    Args:
      curves: Counts of a slice with both classes.
      at: Thresholds [K] to give the points of; None for the whole curve.
    """
    points = roc(curves, at)
    fall_out = _within(points.x, curves.num_real)
    misses = _within(1 - points.y, curves.num_fake)
    return Points(probit(fall_out), probit(misses), points.thresholds)


def _within(rates: Array, size: int) -> Array:
    return np.clip(rates, 0.5 / size, 1 - 0.5 / size)


def probit(rates: Sequence[float] | Array) -> Array:
    """Standard normal quantiles of `rates` [K] in (0, 1)."""
    return np.array([_NORMAL.inv_cdf(rate) for rate in rates], dtype=np.float64)


def risk_coverage(curves: Curves) -> Selective:
    """Errors among the videos that are kept when the least certain are left to people.

    El-Yaniv and Wiener 2010; certainty is the probability of the answer, as in Geifman and El-Yaniv
    2017. Videos of equal certainty are kept or left together.
    """
    scores = curves.thresholds[1:]
    fakes = -np.diff(curves.true_positives)
    reals = -np.diff(curves.false_positives)
    wrong = np.where(scores > DECISION_THRESHOLD, reals, fakes)
    certainty, group = np.unique(
        np.round(np.abs(scores - DECISION_THRESHOLD), _SAME), return_inverse=True
    )
    kept = np.bincount(group, fakes + reals)[::-1].cumsum()
    missed = np.bincount(group, wrong)[::-1].cumsum()
    steps = np.flatnonzero(np.diff(kept, prepend=0))
    return Selective(
        num_kept=kept[steps].astype(np.int64),
        num_wrong=missed[steps].astype(np.int64),
        certainty=certainty[::-1][steps].astype(np.float64),
    )


def histogram(curves: Curves, edges: Sequence[float] | Array) -> tuple[Counts, Counts]:
    """Fakes and reals by score, in bins (lower, upper]; a score of 0 is in the first."""
    tp, fp = counts_at(curves, edges)
    tp[0], fp[0] = curves.num_fake, curves.num_real
    return -np.diff(tp), -np.diff(fp)


def thinned(points: Points, most: int) -> Points:
    """The same curve with at most `most` points, first and last among them.

    Points on a straight line between their neighbours go first, without loss; of what is left,
    every so many stay.
    """
    kept = np.flatnonzero(_bends(points.x, points.y))
    if len(kept) > most:
        kept = kept[np.unique(np.linspace(0, len(kept) - 1, most).round().astype(np.intp))]
    return Points(*(column[kept] for column in points))


def _bends(x: Array, y: Array) -> Bools:
    """Which points of a curve are needed to draw it: ends and bends, [K] bool."""
    moved = np.concatenate([[True], (np.diff(x) != 0) | (np.diff(y) != 0)])
    at = np.flatnonzero(moved)
    if len(at) < 2:
        return moved
    dx, dy = np.diff(x[at]), np.diff(y[at])
    turns = np.abs(dx[:-1] * dy[1:] - dx[1:] * dy[:-1]) > 1e-12
    needed = np.zeros(len(x), dtype=np.bool_)
    needed[at[np.concatenate([[True], turns, [True]])]] = True
    return needed
