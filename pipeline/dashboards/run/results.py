"""What the test of the detector found, in short; the evaluation page has all of it."""

import dataclasses
from collections.abc import Sequence
from typing import Final

from pipeline.config.sections import EvaluationConfig
from pipeline.dashboards import headline, tables
from pipeline.dashboards.evaluation import gate_table
from pipeline.dashboards.headline import Headline
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.evaluation.summary import OVERALL, EvaluationSummary, SliceSummary

SHOWN_SLICES: Final = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Results:
    """Tables of the run page.

    Attributes:
      metrics: Over all test videos.
      broken: Gates that held the model back; None if none did.
      held: The other ones; None if there are none.
      slices: Those with broken gates first, then the weakest; None if nothing was sliced.
      num_slices: How many there are.
    """

    metrics: Table | None
    broken: Table | None
    held: Table | None
    slices: Table | None
    num_slices: int


def of(evaluation: EvaluationSummary, bars: EvaluationConfig) -> Results:
    """The tables of an evaluation.

    Args:
      evaluation: Of the run.
      bars: What the run was configured with.
    """
    slices = [entry for entry in evaluation.slices if entry.name != OVERALL]
    return Results(
        metrics=_metrics(evaluation.overall, bars.confidence_level) if evaluation.overall else None,
        broken=gate_table.broken(evaluation),
        held=gate_table.held(evaluation),
        slices=_slices(evaluation, slices, bars.min_slice_videos) if slices else None,
        num_slices=len(slices),
    )


def cell(entry: SliceSummary, metric: Headline) -> Cell:
    """A metric of a slice with its interval; a dash where it is undefined."""
    found = entry.metrics.get(metric.name)
    if found is None:
        return tables.number(None)
    return tables.estimate(found.value, found.lower, found.upper)


def _metrics(overall: SliceSummary, confidence_level: float) -> Table:
    return Table(
        caption=f"Over {overall.num_videos} test videos, {overall.num_fake_videos} of them fake,"
        f" with {100 * confidence_level:g} % intervals",
        columns=[
            Column(title="Metric"),
            Column(title="Value", kind="number"),
            Column(title="Meaning"),
        ],
        rows=[
            Row(cells=[tables.text(metric.title), cell(overall, metric), tables.text(metric.help)])
            for metric in headline.HEADLINES
        ],
        is_sortable=False,
    )


def _slices(
    evaluation: EvaluationSummary, slices: Sequence[SliceSummary], least_videos: int
) -> Table:
    broken = {gate.slice_name for gate in evaluation.gates if not gate.passed}
    ranked = sorted(slices, key=lambda entry: (entry.name not in broken, _weakness(entry)))
    shown = ranked[:SHOWN_SLICES]
    count = f"all {len(slices)}" if len(shown) == len(slices) else f"{len(shown)} of {len(slices)}"
    return Table(
        caption=f"Slices with broken gates first, then the weakest: {count}",
        columns=[
            Column(title="Slice"),
            Column(title="Fake", kind="number", help="Fake test videos."),
            Column(title="Real", kind="number", help="Real test videos."),
            Column(title="Judged by", help="AUC, or the share that is right where all are alike."),
            Column(title="Value", kind="number"),
        ],
        rows=[_slice(entry, entry.name in broken, least_videos) for entry in shown],
    )


def _slice(entry: SliceSummary, is_broken: bool, least_videos: int) -> Row:
    metric = _decisive(entry)
    sizes = (entry.num_fake_videos, entry.num_real_videos)
    present = [size for size in sizes if size]
    return Row(
        cells=[
            Cell(text=entry.name, tone="bad" if is_broken else ""),
            *(tables.number(size) for size in sizes),
            tables.text(metric.title if metric else tables.UNDEFINED),
            cell(entry, metric) if metric else tables.number(None),
        ],
        is_faint=not present or min(present) < least_videos,
    )


def _decisive(entry: SliceSummary) -> Headline | None:
    """The metric that a slice is judged by: AUC where both classes are there, else the rate."""
    ranked = (headline.AUC, headline.RECALL, headline.SPECIFICITY)
    return next((metric for metric in ranked if metric.name in entry.metrics), None)


def _weakness(entry: SliceSummary) -> float:
    metric = _decisive(entry)
    return entry.metrics[metric.name].value if metric else 1.0
