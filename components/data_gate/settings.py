"""Settings of DataGate: when the data stops the run."""

import dataclasses
import math
from typing import Final

from schemas.settings import Settings, expect_choice, expect_range

SEVERITIES: Final = ("ERROR", "WARNING")


@dataclasses.dataclass(frozen=True, kw_only=True)
class GateLimits(Settings):
    """When the data stops the run.

    Attributes:
      max_dead_letter_ratio: Share of manifest rows that may be left out, 0 to 1.
      min_videos_per_class: Least number of videos of each class in each split, at least 1.
      blocking_severities: Anomaly severities of TFDV that block: `ERROR`, `WARNING`.
      allowed_anomalies: Names of the features whose anomalies are let through.
    """

    max_dead_letter_ratio: float = 0.1
    min_videos_per_class: int = 1
    blocking_severities: tuple[str, ...] = ("ERROR",)
    allowed_anomalies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        expect_range(self, 0, 1, "max_dead_letter_ratio")
        expect_range(self, 1, math.inf, "min_videos_per_class")
        for severity in self.blocking_severities:
            expect_choice("blocking_severities", severity, SEVERITIES)
