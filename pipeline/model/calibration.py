"""Calibration on its own split, over videos: one temperature, and thresholds by false positives."""

import dataclasses
from typing import Final

import numpy as np
from scipy import optimize

from pipeline.model import scores
from pipeline.model.scores import Bools, Floats

BOUNDS: Final = (0.05, 20.0)  # of the temperature
FALSE_POSITIVE_RATES: Final = (0.01, 0.05)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the exported model divides its logits by, and where it draws the lines.

    Attributes:
      temperature: Positive.
      thresholds: Probability from which a video counts as fake, for each target of
        FALSE_POSITIVE_RATES.
      achieved_false_positive_rates: At these thresholds, on the calibration split.
      num_pristine: Videos.
      num_fake: Videos.
      ece_before: Expected calibration error at temperature 1.
      ece_after: At the temperature.
    """

    temperature: float
    thresholds: tuple[float, ...]
    achieved_false_positive_rates: tuple[float, ...]
    num_pristine: int
    num_fake: int
    ece_before: float
    ece_after: float


def calibrate(logits: Floats, is_fake: Bools) -> Calibration:
    """Fits temperature and thresholds to the videos of the calibration split.

    Args:
      logits: [V] float32, uncalibrated, one per video.
      is_fake: [V]; both classes must be present.
    """
    temperature = fit_temperature(logits, is_fake)
    calibrated = scores.probabilities(logits / np.float32(temperature))
    pristine = calibrated[~is_fake]
    thresholds = tuple(threshold_at(pristine, rate) for rate in FALSE_POSITIVE_RATES)
    return Calibration(
        temperature=temperature,
        thresholds=thresholds,
        achieved_false_positive_rates=tuple(float((pristine >= t).mean()) for t in thresholds),
        num_pristine=int(pristine.size),
        num_fake=int(is_fake.sum()),
        ece_before=scores.expected_calibration_error(scores.probabilities(logits), is_fake),
        ece_after=scores.expected_calibration_error(calibrated, is_fake),
    )


def fit_temperature(logits: Floats, is_fake: Bools) -> float:
    """The divisor of [V] logits with the least negative log-likelihood (Guo et al., 1706.04599).

    The targets are Platt's, (n + 1) / (n + 2) for the n videos of a class in place of 1: a small
    split that is told apart without error would otherwise ask for infinite confidence. With many
    videos they tend to 0 and 1.

    Returns:
      A number in BOUNDS.
    """
    counts = is_fake.sum(), (~is_fake).sum()
    target = np.where(is_fake, (counts[0] + 1) / (counts[0] + 2), 1 / (counts[1] + 2))
    exact = logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        scaled = exact / np.exp(log_temperature)
        return float(np.mean(np.logaddexp(0, scaled) - target * scaled))

    found = optimize.minimize_scalar(loss, bounds=np.log(BOUNDS), method="bounded")
    return float(np.clip(np.exp(found.x), *BOUNDS))


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
