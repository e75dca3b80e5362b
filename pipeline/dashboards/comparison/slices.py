"""Every metric of every slice in both runs, as tables and as a chart."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.comparison import judgement
from pipeline.dashboards.tables import HEADLINES, Cell, Column, Headline, Row, Table
from pipeline.lineage.comparison import MetricChange
from schemas.run_report import OVERALL, Estimate, RunReport

METRIC: Final = "comparison-metric"  # name of the selector
_MOST_SLICES: Final = 40  # in the chart; the table has all
_ROW_HEIGHT: Final = 27  # pixels
_OFFSET: Final = 0.16  # of the two marks of a row
_FEW: Final = "\N{DOTTED CIRCLE}"
_ERRORS: Final = ("error_x.array", "error_x.arrayminus")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slices:
    """The slices of two runs.

    Attributes:
      changes: Values before and after, by slice and metric, in the order of the evaluation.
      sizes: Number of fake and of real test videos by slice, of the later run where it has it.
      small: Names of the slices with too few videos for a conclusion.
    """

    changes: Mapping[str, Mapping[str, MetricChange]]
    sizes: Mapping[str, tuple[int, int]]
    small: frozenset[str]


def of_runs(
    metrics: Iterable[MetricChange],
    before: RunReport,
    after: RunReport,
    min_videos: int,
) -> Slices:
    """Gathers the slices of two runs.

    Args:
      metrics: All metric changes of the comparison.
      before: Report of the earlier run.
      after: Report of the later run.
      min_videos: Number of videos that each class of a slice must have, unless it has none.
    """
    changes: dict[str, dict[str, MetricChange]] = {}
    for change in metrics:
        if change.metric in judgement.BY_NAME:
            changes.setdefault(change.slice_name, {})[change.metric] = change
    both = (_sizes(before), _sizes(after))
    small = {
        name
        for sizes in both
        for name, classes in sizes.items()
        if name != OVERALL and any(0 < size < min_videos for size in classes)
    }
    return Slices(changes=changes, sizes=both[0] | both[1], small=frozenset(small))


def _sizes(report: RunReport) -> dict[str, tuple[int, int]]:
    found = report.evaluation.slices if report.evaluation else ()
    return {entry.name: (entry.num_fake_videos, entry.num_real_videos) for entry in found}


def overall_table(slices: Slices, before: str, after: str) -> Table:
    """The headline metrics over all test videos."""
    found = slices.changes.get(OVERALL, {})
    return Table(
        caption="Over all test videos of each run",
        columns=[Column(title="Metric"), *_pair_columns(before, after)],
        rows=[
            Row(cells=[Cell(text=metric.title, note=metric.help), *_pair(found[metric.name])])
            for metric in HEADLINES
            if metric.name in found
        ],
        is_sortable=False,
    )


def slice_table(slices: Slices, before: str, after: str) -> Table:
    """All metrics of all slices."""
    return Table(
        caption="Every headline metric of every slice",
        columns=[
            Column(title="Slice"),
            Column(title="Videos", kind="number", help="Test videos: fake + real."),
            Column(title="Metric"),
            *_pair_columns(before, after),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(name),
                    _size(slices, name),
                    tables.text(metric.title),
                    *_pair(changes[metric.name]),
                ],
                is_faint=name in slices.small,
            )
            for name, changes in slices.changes.items()
            if name != OVERALL
            for metric in HEADLINES
            if metric.name in changes
        ],
        is_searchable=True,
        hides_caption=True,
    )


def _size(slices: Slices, name: str) -> Cell:
    if name not in slices.sizes:
        return tables.number(None)
    fakes, reals = slices.sizes[name]
    return Cell(text=f"{fakes} + {reals}", sort=fakes + reals)


def _pair_columns(before: str, after: str) -> list[Column]:
    return [
        Column(title="Before", kind="number", help=f"Run {before}, with its interval."),
        Column(title="After", kind="number", help=f"Run {after}, with its interval."),
        Column(title="Difference", kind="number", help="After minus before."),
        Column(
            title="Intervals",
            help="Apart: they have no value in common. Overlapping: cannot be told.",
        ),
    ]


def _pair(change: MetricChange) -> list[Cell]:
    return [
        tables.estimate(change.before),
        tables.estimate(change.after),
        _difference(change),
        _reading(change),
    ]


def _difference(change: MetricChange) -> Cell:
    if change.difference is None:
        return tables.number(None)
    shown = f"{change.difference:+.3f}"
    is_nothing = shown in ("+0.000", "-0.000")
    return Cell(
        text="0" if is_nothing else shown.replace("-", "\N{MINUS SIGN}"), sort=change.difference
    )


def _reading(change: MetricChange) -> Cell:
    if change.before is None or change.after is None:
        return Cell(text="only after" if change.after else "only before", tone="faint")
    if judgement.is_better(change):
        return Cell(text="apart: better", tone="good")
    if judgement.is_worse(change):
        return Cell(text="apart: worse", tone="bad")
    if change.difference == 0:
        return Cell(text="the same", tone="faint")
    if change.intervals_overlap is None:
        return Cell(text="no interval", tone="faint")
    return Cell(text="overlap: cannot be told", tone="faint")


def chart(slices: Slices, before: str, after: str) -> Chart:
    """Both runs of each slice on one line, one metric at a time."""
    shown = _chosen(slices)
    left_out = len(slices.changes) - len(shown)
    capped = f" The {_MOST_SLICES} slices that moved most; the table has all." if left_out else ""
    marks = [f"{name} {_FEW}" if name in slices.small else name for name in shown]
    return Chart(
        id="pairs",
        title="Slice by slice",
        summary="Open marks: before; filled marks: after; thin lines are the intervals. Slices with"
        f" {_FEW} have too few videos to rest anything on.{capped}",
        figure=charts.figure(
            _figure_traces(slices, shown, before, after),
            xaxis=charts.rate_axis("", side="top"),
            yaxis=charts.axis(
                "",
                tickmode="array",
                tickvals=list(range(len(shown))),
                ticktext=marks,
                range=[len(shown) - 0.4, -0.6],
            ),
            legend={"orientation": "h", "y": 0, "yanchor": "top", "x": 0},
        ),
        group=METRIC,
        variants={metric.title: _drawn(slices, shown, metric) for metric in HEADLINES},
        height=110 + _ROW_HEIGHT * len(shown),
    )


def _chosen(slices: Slices) -> list[str]:
    """Slices to draw, in the order of the evaluation; of many, those that changed most."""
    names = list(slices.changes)
    if len(names) <= _MOST_SLICES:
        return names

    def moved(name: str) -> float:
        return max(abs(change.difference or 0.0) for change in slices.changes[name].values())

    ranked = sorted(names, key=lambda name: (name != OVERALL, name in slices.small, -moved(name)))
    kept = set(ranked[:_MOST_SLICES])
    return [name for name in names if name in kept]


def _figure_traces(
    slices: Slices, shown: Sequence[str], before: str, after: str
) -> list[Mapping[str, Any]]:
    lines, *points, notes = _drawn(slices, shown, HEADLINES[0])
    looks = (
        (f"before: {before}", charts.BASELINE, "circle-open"),
        (f"after: {after}", charts.ACCENT, "circle"),
    )
    line = {"type": "scatter", "mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    return [
        {**line, "line": {"color": charts.FAINT, "width": 1.5}, **lines},
        *(_marks(*look, drawn) for look, drawn in zip(looks, points, strict=True)),
        {
            **line,
            "mode": "text",
            "textposition": "middle right",
            "textfont": {"color": charts.FAINT, "size": 11},
            **notes,
        },
    ]


def _marks(name: str, colour: str, symbol: str, drawn: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": drawn["x"],
        "y": drawn["y"],
        "text": drawn["text"],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": symbol,
            "size": 10,
            "color": colour,
            "line": {"width": 2, "color": colour},
            "opacity": drawn["marker.opacity"],
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": drawn["error_x.array"],
            "arrayminus": drawn["error_x.arrayminus"],
            "color": colour,
            "thickness": 1,
            "width": 0,
        },
    }


def _drawn(slices: Slices, shown: Sequence[str], metric: Headline) -> list[Mapping[str, Any]]:
    """What the traces show of one metric: lines, marks before, marks after, and where none are."""
    lines: dict[str, list[Any]] = {"x": [], "y": []}
    notes: dict[str, list[Any]] = {"x": [], "y": [], "text": []}
    marks: tuple[dict[str, list[Any]], ...] = tuple(
        {key: [] for key in ("x", "y", "text", *_ERRORS, "marker.opacity")} for _ in range(2)
    )
    for at, name in enumerate(shown):
        change = slices.changes[name].get(metric.name)
        if change is None:
            notes["x"].append(0)
            notes["y"].append(at)
            notes["text"].append("not defined here")
            continue
        both = (change.before, change.after)
        for trace, found, place in zip(marks, both, (at - _OFFSET, at + _OFFSET), strict=True):
            if found is not None:
                _put(trace, found, place, f"{name}<br>{metric.title} {_shown(found)}")
                trace["marker.opacity"].append(0.45 if name in slices.small else 1)
        if change.before and change.after:
            lines["x"] += [round(change.before.value, 4), round(change.after.value, 4), None]
            lines["y"] += [at - _OFFSET, at + _OFFSET, None]
    return [lines, *marks, notes]


def _put(trace: Mapping[str, list[Any]], found: Estimate, place: float, text: str) -> None:
    trace["x"].append(round(found.value, 4))
    trace["y"].append(place)
    trace["text"].append(text)
    up, down = found.upper, found.lower
    trace["error_x.array"].append(None if up is None else round(up - found.value, 4))
    trace["error_x.arrayminus"].append(None if down is None else round(found.value - down, 4))


def _shown(found: Estimate) -> str:
    if found.lower is None or found.upper is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} [{found.lower:.3f}, {found.upper:.3f}]"
