"""What the panels of the evaluation page are drawn from: one evaluation, read once."""

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Final

from pipeline.dashboards import sources as artifacts
from pipeline.dashboards.sources import RunSources
from pipeline.evaluation import curves, gates, results
from pipeline.evaluation.curves import Curves
from pipeline.evaluation.video_metrics import Settings
from pipeline.lineage import side_files
from schemas import signatures
from schemas.errors import FilesGoneError
from schemas.run_report import OVERALL, Estimate, EvaluationSummary, SliceSummary
from schemas.scoring import DECISION_THRESHOLD, FALSE_POSITIVE_RATES

SLICE_GROUP: Final = "slice"  # the selector that all curves follow
ONE_CLASS: Final = "This slice holds videos of one class only: there is nothing to tell apart."


@dataclasses.dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold that the service works with; a video is called fake above it."""

    label: str
    threshold: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Findings:
    """One evaluation.

    Attributes:
      summary: Statistics and gates of the evaluation.
      baseline: Statistics of the baseline model, by slice name; empty without a baseline.
      curves: Counts over thresholds, by slice name, the overall slice first; empty if not recorded.
      baseline_curves: Counts of the baseline over thresholds, by slice name; empty if not recorded.
      settings: Settings with which the metrics were computed.
      operating_points: Thresholds to mark in charts, ascending; 0.5 is always among them.
    """

    summary: EvaluationSummary
    baseline: Mapping[str, SliceSummary]
    curves: Mapping[str, Curves]
    baseline_curves: Mapping[str, Curves]
    settings: Settings
    operating_points: tuple[OperatingPoint, ...]

    @functools.cached_property
    def slices(self) -> Mapping[str, SliceSummary]:
        """Statistics of each slice by name, the overall slice first."""
        return {entry.name: entry for entry in self.summary.slices}

    @property
    def overall(self) -> SliceSummary | None:
        """Statistics over all test videos; None if there were none."""
        return self.summary.overall

    @property
    def overall_curves(self) -> Curves | None:
        """Curves over all test videos; None if the evaluation was made without curves."""
        return self.curves.get(OVERALL)

    def is_small(self, entry: SliceSummary) -> bool:
        """Whether a slice has too few videos for a gate, and so for a conclusion."""
        size = gates.SliceSize(entry.num_fake_videos, entry.num_real_videos)
        return gates.applicable(size, self.settings.min_slice_videos) is None


def of(sources: RunSources) -> Findings | None:
    """The evaluation of a run; None where it has none whose files are there."""
    folder = sources.files(artifacts.EVALUATION)
    if folder is None:
        return None
    uri = str(folder)
    return Findings(
        summary=results.load(uri),
        baseline={entry.name: entry for entry in results.baseline_slices(uri)},
        curves=curves.load(uri) or {},
        baseline_curves=curves.load(uri, of_baseline=True) or {},
        settings=results.settings(uri),
        operating_points=_operating_points(sources),
    )


def _operating_points(sources: RunSources) -> tuple[OperatingPoint, ...]:
    """Thresholds of the model, ascending; targets that share a threshold share a label."""
    targets: dict[float, list[str]] = {}
    for rate, threshold in zip(FALSE_POSITIVE_RATES, _thresholds(sources), strict=False):
        targets.setdefault(threshold, []).append(f"{rate:.0%}".replace("%", " %"))
    found = [
        # The service calls a video fake from the threshold on, not only above it.
        OperatingPoint(
            label=f"set for {' and '.join(rates)} FPR", threshold=math.nextafter(threshold, 0)
        )
        for threshold, rates in targets.items()
    ]
    found.append(OperatingPoint(label="of the gates", threshold=DECISION_THRESHOLD))
    return tuple(sorted(found, key=lambda point: point.threshold))


def _thresholds(sources: RunSources) -> tuple[float, ...]:
    model = sources.artifact(artifacts.MODEL)
    if model is None:
        return ()
    try:
        return tuple(side_files.detector(model).get(signatures.THRESHOLDS, ()))
    except FilesGoneError:
        return ()


def interval_bounds(found: Estimate) -> str:
    """The interval in brackets; empty where the sample cannot tell one."""
    if found.lower is None or found.upper is None:
        return ""
    return f"[{found.lower:.3f}, {found.upper:.3f}]"
