"""What an evaluation found, as plain values: for reports, commands and tests."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final

OVERALL: Final = "overall"


def slice_name(key: Iterable[tuple[str, str]]) -> str:
    """The name of a slice: of its pairs of feature key and value; without any, `OVERALL`."""
    return ", ".join(f"{feature}:{value}" for feature, value in key) or OVERALL


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """A statistic over videos and its interval; never NaN, undefined statistics are absent.

    The bounds are None where the sample cannot tell them.
    """

    value: float
    lower: float | None
    upper: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SliceSummary:
    """Statistics of one slice.

    Attributes:
      name: `overall`, or `feature key:value`.
      num_videos: Videos in the slice, of which `num_fake_videos` are fake.
      num_fake_videos: See above.
      num_real_videos: See above.
      metrics: Over videos, by the names of `pipeline.evaluation.statistics.RATES`.
      track_metrics: TFMA's stock metrics, over tracks, by their TFMA names.
    """

    name: str
    num_videos: int
    num_fake_videos: int
    num_real_videos: int
    metrics: Mapping[str, Estimate]
    track_metrics: Mapping[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gate:
    """One threshold held against one slice.

    Attributes:
      metric: Name of the statistic.
      slice_name: As in `SliceSummary`.
      value: Of the candidate; None where it is undefined or the slice is missing.
      bound: Least value; of a change gate, least difference to the baseline (0 or below).
      baseline: The baseline's value, of a change gate.
      passed: TFMA's judgement.
      reason: The same in a sentence.
    """

    metric: str
    slice_name: str
    value: float | None
    bound: float
    baseline: float | None
    passed: bool
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationSummary:
    """One evaluation.

    Attributes:
      blessed: Whether TFMA found no broken gate.
      has_baseline: Whether the change gate was applied; without a blessed model it is skipped.
      slices: The overall slice first, the others by name.
      gates: All that applied, broken ones first.
    """

    blessed: bool
    has_baseline: bool
    slices: tuple[SliceSummary, ...]
    gates: tuple[Gate, ...]

    @property
    def overall(self) -> SliceSummary | None:
        """The overall slice; None if nothing was evaluated."""
        return next((entry for entry in self.slices if entry.name == OVERALL), None)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the candidate was not blessed; empty if it was."""
        return tuple(gate.reason for gate in self.gates if not gate.passed)
