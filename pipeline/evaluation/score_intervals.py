"""Intervals that hold for few videos and for perfect scores, where the bootstrap collapses.

Three right answers of three resample to three of three: a bootstrap says [1, 1]. Score intervals
ask instead which true rates could have given the answer. V videos.
"""

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist

from pipeline.evaluation import statistics

Interval = tuple[float, float]
_UNDEFINED: Interval = (math.nan, math.nan)
_STEPS = 60  # bisections: far below what a float can tell apart


def intervals(
    measured: Mapping[str, float], *, num_fake: int, num_real: int, confidence_level: float
) -> dict[str, Interval]:
    """Intervals of AUC, recall, specificity, accuracy and balanced accuracy over videos.

    Args:
      measured: Point estimates by name, NaN where undefined; see `statistics.measure`.
      num_fake: Fake videos of the sample.
      num_real: Pristine videos of the sample.
      confidence_level: Confidence level of the intervals, in (0, 1).

    Returns:
      Lower and upper bound by name; NaN where the estimate is undefined.
    """
    sizes = {
        statistics.RECALL: num_fake,
        statistics.SPECIFICITY: num_real,
        statistics.ACCURACY: num_fake + num_real,
    }
    bounds = {
        name: proportion(measured[name], size, confidence_level) for name, size in sizes.items()
    }
    bounds[statistics.AUC] = area_under_curve(
        measured[statistics.AUC], num_fake, num_real, confidence_level
    )
    bounds[statistics.BALANCED_ACCURACY] = _mean_of_two(
        (measured[statistics.RECALL], *bounds[statistics.RECALL]),
        (measured[statistics.SPECIFICITY], *bounds[statistics.SPECIFICITY]),
    )
    return bounds


def proportion(rate: float, size: int, confidence_level: float) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927)."""
    if math.isnan(rate) or not size:
        return _UNDEFINED
    z = _quantile(confidence_level)
    centre = (rate + z * z / (2 * size)) / (1 + z * z / size)
    spread = z * math.sqrt(rate * (1 - rate) / size + (z / (2 * size)) ** 2) / (1 + z * z / size)
    return max(0.0, min(rate, centre - spread)), min(1.0, max(rate, centre + spread))


def area_under_curve(auc: float, num_fake: int, num_real: int, confidence_level: float) -> Interval:
    """Score interval of the area under the ROC curve (Newcombe 2006, part 2, method 5).

    The bounds are the true areas whose variance just explains the distance to the estimate, with
    the variance of Hanley and McNeil in which both class sizes are replaced by their mean.
    """
    if math.isnan(auc):
        return _UNDEFINED
    z = _quantile(confidence_level)
    others = (num_fake + num_real) / 2 - 1

    def too_far(area: float) -> bool:
        spread = 1 + others * ((1 - area) / (2 - area) + area / (1 + area))
        variance = area * (1 - area) * spread / (num_fake * num_real)
        return abs(area - auc) > z * math.sqrt(variance)

    return _border(too_far, auc, 0.0), _border(too_far, auc, 1.0)


def _border(too_far: Callable[[float], bool], inside: float, outside: float) -> float:
    """The value between `inside` and `outside` from which `too_far` holds."""
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if too_far(middle):
            outside = middle
        else:
            inside = middle
    return inside


def _mean_of_two(first: tuple[float, float, float], second: tuple[float, float, float]) -> Interval:
    """Interval of the mean of two independent rates, from theirs (Zou and Donner 2008)."""
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    if math.isnan(a) or math.isnan(b):
        return _UNDEFINED
    centre = (a + b) / 2
    return (
        centre - math.hypot(a - a_low, b - b_low) / 2,
        centre + math.hypot(a_high - a, b_high - b) / 2,
    )


def _quantile(confidence_level: float) -> float:
    return NormalDist().inv_cdf((1 + confidence_level) / 2)
