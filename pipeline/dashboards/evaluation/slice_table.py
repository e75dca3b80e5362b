"""The table of slices: every value of every slice key, small ones greyed."""

import dataclasses
from typing import Final

from pipeline.dashboards import headline, tables
from pipeline.dashboards.evaluation.findings import Findings
from pipeline.dashboards.headline import Headline
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.evaluation.summary import SliceSummary

METRICS: Final = (
    headline.AUC,
    headline.RECALL,
    headline.SPECIFICITY,
    headline.BALANCED_ACCURACY,
    headline.ECE,
)
_CHANGE_AT: Final = 4  # beside the AUC
# Whose intervals are drawn: all of them would not fit on a screen.
_DRAWN: Final = (headline.AUC, headline.RECALL)


def of(findings: Findings) -> Table:
    """All slices with the intervals of their metrics; with a baseline, the change of the AUC."""
    has_baseline = bool(findings.baseline)
    columns = [
        Column(title="Slice"),
        Column(title="Fake", kind="number", help="Fake test videos."),
        Column(title="Real", kind="number", help="Real test videos."),
        *(Column(title=metric.title, kind="number", help=metric.help) for metric in METRICS),
    ]
    if has_baseline:
        text = "AUC of this model less that of the last blessed one, on the same videos."
        columns.insert(_CHANGE_AT, Column(title="AUC change", kind="number", help=text))
    return Table(
        caption="Slices of the test videos, with intervals",
        columns=columns,
        rows=[_row(findings, entry, has_baseline) for entry in findings.summary.slices],
        is_searchable=len(findings.summary.slices) > 5,
    )


def _row(findings: Findings, entry: SliceSummary, has_baseline: bool) -> Row:
    is_small = findings.is_small(entry)
    least = findings.settings.min_slice_videos
    key, _, value = entry.name.partition(":")
    small = f"fewer than {least} videos of a class, not gated" if is_small else ""
    cells = [
        Cell(text=value or key, note=", ".join(filter(None, (key if value else "", small)))),
        tables.number(entry.num_fake_videos),
        tables.number(entry.num_real_videos),
        *(_estimate(entry, metric) for metric in METRICS),
    ]
    if has_baseline:
        cells.insert(_CHANGE_AT, _change(entry, findings.baseline.get(entry.name)))
    return Row(cells=cells, is_faint=is_small)


def _estimate(entry: SliceSummary, metric: Headline) -> Cell:
    """A metric of a slice with its interval; a dash where it is undefined."""
    found = entry.metrics.get(metric.name)
    if found is None:
        return tables.number(None)
    cell = tables.estimate(found.value, found.lower, found.upper)
    return cell if metric in _DRAWN else dataclasses.replace(cell, interval=None)


def _change(entry: SliceSummary, before: SliceSummary | None) -> Cell:
    name = headline.AUC.name
    if before is None or name not in entry.metrics or name not in before.metrics:
        return tables.number(None)
    change = entry.metrics[name].value - before.metrics[name].value
    # No tone: the sign alone does not tell whether it is more than chance.
    return Cell(text=f"{change:+.3f}", sort=change)
