"""Which videos are worth looking at: the worst errors, and where those are few the least certain.

A video is called fake above a score of 0.5, as in all figures of the evaluation that need a
threshold.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Final

from pipeline.evaluation.curves import WorstVideo
from pipeline.evaluation.statistics import DECISION_THRESHOLD
from schemas import erased

MAX_CASES: Final = 12  # of one kind
FEW_ERRORS: Final = 4  # fewer are filled up with the least certain right answers
_MIN_PROBABILITY: Final = 1e-7  # as in the log loss of the evaluation


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One video; `score` is P(fake)."""

    record_key: str
    is_fake: bool
    score: float

    @property
    def is_error(self) -> bool:
        """Whether it is called what it is not."""
        return (self.score > DECISION_THRESHOLD) != self.is_fake

    @property
    def log_loss(self) -> float:
        """Of its score, in nats: 0.69 for a score of 0.5, 0 for a certain right answer."""
        right = self.score if self.is_fake else 1 - self.score
        return -math.log(max(right, _MIN_PROBABILITY))


def known(worst: Iterable[WorstVideo], record_keys: Iterable[str]) -> list[Case]:
    """Those of the worst videos whose record keys are given: an evaluation has digests only."""
    keys = {erased.digest(key): key for key in record_keys}
    return [
        Case(record_key=keys[video.record_sha256], is_fake=video.is_fake, score=video.score)
        for video in worst
        if video.record_sha256 in keys
    ]


def select(worst: Iterable[Case], *, is_fake: bool) -> list[Case]:
    """The cases of one class to show, the worst first.

    Args:
      worst: Of the evaluation, both classes.
      is_fake: Whether fakes are asked for, that is false negatives, or pristine videos.

    Returns:
      Errors; of fewer than `FEW_ERRORS`, so many as to have that number, right ones after them.
    """
    cases = sorted(
        (case for case in worst if case.is_fake == is_fake and math.isfinite(case.score)),
        key=lambda case: (-case.log_loss, case.record_key),
    )
    errors = [case for case in cases if case.is_error]
    return errors[:MAX_CASES] if len(errors) >= FEW_ERRORS else cases[:FEW_ERRORS]


def num_errors(cases: Sequence[Case]) -> int:
    """How many of the cases are errors."""
    return sum(case.is_error for case in cases)
