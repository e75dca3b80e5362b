"""Settings of VideoValidator: which videos are accepted, and how they are divided."""

import dataclasses
import math

from schemas import taxonomy
from schemas.settings import Settings, expect, expect_range


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoRules(Settings):
    """Which videos are accepted; the others become dead letters.

    Attributes:
      min_duration_seconds: Shortest video that is accepted, in seconds, at least 0.
      max_duration_seconds: Longest video that is accepted, in seconds, more than the shortest.
      min_fps: Lowest frame rate that is accepted, in frames per second, at least 0.
      max_fps: Highest frame rate that is accepted, in frames per second, more than the lowest.
      min_side_pixels: Least length of a frame's shorter side, in pixels, at least 0.
    """

    min_duration_seconds: float = 0.5
    max_duration_seconds: float = 3600.0
    min_fps: float = 5.0
    max_fps: float = 240.0
    min_side_pixels: int = 64

    def __post_init__(self) -> None:
        expect_range(self, 0, math.inf, "min_duration_seconds", "min_fps", "min_side_pixels")
        for low, high in (("min_duration_seconds", "max_duration_seconds"), ("min_fps", "max_fps")):
            value, least = getattr(self, high), getattr(self, low)
            expect(high, value > least, f"greater than {low} ({least:g})", value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitPlan(Settings):
    """What share of the videos each split is to get; the shares sum to 1.

    Attributes:
      train: Share of the videos that the model learns from, 0.01 to 0.97.
      val: Share of the videos that choose the best epoch, 0.01 to 0.97.
      calibration: Share of the videos that set temperature and thresholds, 0.01 to 0.97.
      test: Share of the videos that the finished model is evaluated on, 0.01 to 0.97.
      seed: Any whole number; another one gives another assignment of equal groups.
    """

    train: float = 0.55
    val: float = 0.15
    calibration: float = 0.15
    test: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        expect_range(self, 0.01, 0.97, *taxonomy.SPLITS)
        total = sum(self.fractions.values())
        expect("the sum of the fractions", abs(total - 1) < 1e-6, "1", total)

    @property
    def fractions(self) -> dict[str, float]:
        """Share of the videos by split name."""
        return {split: getattr(self, split) for split in taxonomy.SPLITS}
