"""Slices: the table of every value of every slice key, and slice against slice."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart, Part, short_number
from pipeline.dashboards.evaluation.findings import Findings
from pipeline.dashboards.tables import Cell, Column, Headline, Row, Table
from schemas.run_report import SliceSummary

METRICS: Final = (
    tables.AUC,
    tables.RECALL,
    tables.SPECIFICITY,
    tables.BALANCED_ACCURACY,
    tables.ECE,
)
_CHANGE_AT: Final = 4  # beside the AUC
# Whose intervals are drawn: all of them would not fit on a screen.
_DRAWN: Final = (tables.AUC, tables.RECALL)

PAIR_GROUP: Final = "slice-pair"
METRIC_GROUP: Final = "baseline-metric"
_PAIRS: Final = (
    (tables.RECALL, tables.SPECIFICITY),
    (tables.AUC, tables.ECE),
    (tables.AUC, tables.BALANCED_ACCURACY),
    (tables.RECALL, tables.ECE),
    (tables.SPECIFICITY, tables.ECE),
)
_SMALLEST: Final = 7  # of the marks, in pixels
_LARGEST: Final = 30
Placed = tuple[SliceSummary, float, float]  # a slice, right, up


def slice_table(findings: Findings) -> Table:
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
    cell = tables.estimate(entry.metrics.get(metric.name))
    return cell if metric in _DRAWN else dataclasses.replace(cell, interval=None)


def _change(entry: SliceSummary, before: SliceSummary | None) -> Cell:
    name = tables.AUC.name
    if before is None or name not in entry.metrics or name not in before.metrics:
        return tables.number(None)
    change = entry.metrics[name].value - before.metrics[name].value
    # No tone: the sign alone does not tell whether it is more than chance.
    return Cell(text=f"{change:+.3f}", sort=change)


def pairs() -> list[str]:
    """What the selector of pairs offers."""
    return [_pair_title(*pair) for pair in _PAIRS]


def metrics() -> list[str]:
    """What the selector of metrics offers."""
    return [metric.title for metric in METRICS]


def of_pairs(findings: Findings) -> Chart:
    """Every slice by two of its metrics."""
    drawn = {_pair_title(*pair): _pair_parts(findings, *pair) for pair in _PAIRS}
    return Chart(
        id="slice-scatter",
        title="Two metrics of each slice",
        summary="One mark per slice for which both are defined; the larger, the more videos. Grey"
        " ones have too few videos to say much.",
        figure=charts.figure(
            charts.filled_trace([*_marks(), _axis_titles()], drawn[pairs()[0]]),
            xaxis=charts.axis(""),
            yaxis=charts.axis(""),
        ),
        table=_table(findings),
        group=PAIR_GROUP,
        variants=drawn,
        height=440,
        missing="No slice has both metrics.",
    )


def against_baseline(findings: Findings) -> Chart:
    """Every slice by a metric of the baseline and of this model."""
    drawn = {metric.title: _change_parts(findings, metric) for metric in METRICS}
    equal = charts.dashed_trace("no change", [], [])
    return Chart(
        id="baseline-scatter",
        title="This model against the baseline",
        summary="One mark per slice, on the same videos; above the dashed line this model has the"
        " greater value. Few videos move far by chance.",
        figure=charts.figure(
            charts.filled_trace([equal, *_marks()], drawn[metrics()[0]]),
            xaxis=charts.axis("Baseline"),
            yaxis=charts.axis("This model"),
        ),
        table=_change_table(findings),
        group=METRIC_GROUP,
        variants=drawn,
        height=440,
    )


def _pair_title(right: Headline, up: Headline) -> str:
    return f"{up.title} over {right.title}"


def _marks() -> tuple[dict[str, Any], dict[str, Any]]:
    """Slices that are large enough, and those that are not."""
    common = {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,
        "hovertemplate": "<b>%{text}</b><br>%{x:.3f} right, %{y:.3f} up"
        "<br>%{customdata} videos<extra></extra>",
    }
    large = {
        "color": charts.faded(charts.ACCENT, 0.6),
        "line": {"color": charts.ACCENT, "width": 1},
    }
    small = {"color": charts.FAINT, "symbol": "circle-open"}
    return (
        {**common, "name": "slice", "marker": large},
        {**common, "name": "too few videos", "marker": small},
    )


def _axis_titles() -> dict[str, Any]:
    """Titles that a selector can change are texts in the plot."""
    return {
        "type": "scatter",
        "mode": "text",
        "textfont": {"color": charts.INK, "size": 13},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _pair_parts(findings: Findings, right: Headline, up: Headline) -> list[Part]:
    placed = [
        (entry, entry.metrics[right.name].value, entry.metrics[up.name].value)
        for entry in findings.summary.slices
        if right.name in entry.metrics and up.name in entry.metrics
    ]
    left, bottom = _least([x for _, x, _ in placed]), _least([y for _, _, y in placed])
    titles = {
        "x": [1, left],
        "y": [bottom, 1],
        "text": [f"{right.title} \N{RIGHTWARDS ARROW}", f"\N{UPWARDS ARROW} {up.title}"],
        "textposition": ["top left", "bottom right"],
    }
    return [*_points(findings, placed), titles]


def _least(values: Sequence[float]) -> float:
    """Where an axis begins: a tenth below all values."""
    return max(0.0, math.floor(10 * min(values, default=0.0)) / 10 - 0.1)


def _change_parts(findings: Findings, metric: Headline) -> list[Part]:
    placed = [
        (entry, before.metrics[metric.name].value, entry.metrics[metric.name].value)
        for entry, before in _with_baseline(findings)
        if metric.name in entry.metrics and metric.name in before.metrics
    ]
    least = _least([value for _, *pair in placed for value in pair])
    return [{"x": [least, 1], "y": [least, 1]}, *_points(findings, placed)]


def _with_baseline(findings: Findings) -> Iterable[tuple[SliceSummary, SliceSummary]]:
    for entry in findings.summary.slices:
        if entry.name in findings.baseline:
            yield entry, findings.baseline[entry.name]


def _points(findings: Findings, placed: Sequence[Placed]) -> list[Part]:
    groups = (
        [point for point in placed if findings.is_small(point[0]) is is_small]
        for is_small in (False, True)
    )
    most = max((entry.num_videos for entry in findings.summary.slices), default=1)
    return [
        {
            "x": short_number(right for _, right, _ in group),
            "y": short_number(up for _, _, up in group),
            "text": [entry.name for entry, _, _ in group],
            "customdata": [entry.num_videos for entry, _, _ in group],
            "marker.size": short_number((_size(entry, most) for entry, _, _ in group), 1),
        }
        for group in groups
    ]


def _size(entry: SliceSummary, most: int) -> float:
    """Diameter of a mark; its area grows with the number of videos."""
    return max(_SMALLEST, _LARGEST * (entry.num_videos / most) ** 0.5)


def _table(findings: Findings) -> Table:
    shown = METRICS
    return Table(
        caption="Metrics of each slice",
        columns=[Column(title="Slice"), *(Column(title=m.title, kind="number") for m in shown)],
        rows=[
            Row(
                cells=[
                    tables.text(entry.name),
                    *(tables.number(_value(entry, metric), 3) for metric in shown),
                ],
                is_faint=findings.is_small(entry),
            )
            for entry in findings.summary.slices
        ],
    )


def _change_table(findings: Findings) -> Table:
    shown = METRICS
    titles = (f"{m.title}, {of}" for m in shown for of in ("baseline", "this model"))
    return Table(
        caption="Metrics of each slice, of the baseline and of this model",
        columns=[Column(title="Slice"), *(Column(title=title, kind="number") for title in titles)],
        rows=[
            Row(
                cells=[
                    tables.text(entry.name),
                    *(
                        tables.number(_value(one, metric), 3)
                        for metric in shown
                        for one in (before, entry)
                    ),
                ],
                is_faint=findings.is_small(entry),
            )
            for entry, before in _with_baseline(findings)
        ],
    )


def _value(entry: SliceSummary, metric: Headline) -> float | None:
    found = entry.metrics.get(metric.name)
    return found.value if found else None
