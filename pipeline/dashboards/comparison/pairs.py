"""The chart of both runs: one line per slice, one metric at a time."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.comparison.slices import Slices
from pipeline.dashboards.headline import HEADLINES, Headline
from pipeline.evaluation.summary import OVERALL
from pipeline.lineage.run_facts import Interval

METRIC: Final = "comparison-metric"  # name of the selector

_MOST_SLICES: Final = 40  # in the chart; the table has all
_ROW_HEIGHT: Final = 27  # pixels
_OFFSET: Final = 0.16  # of the two marks of a row
_FEW: Final = "\N{DOTTED CIRCLE}"
_ERRORS: Final = ("error_x.array", "error_x.arrayminus")


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
    """In the order of the evaluation; where there are many, those that moved most."""
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


def _put(trace: Mapping[str, list[Any]], found: Interval, place: float, text: str) -> None:
    trace["x"].append(round(found.value, 4))
    trace["y"].append(place)
    trace["text"].append(text)
    up, down = found.upper, found.lower
    trace["error_x.array"].append(None if up is None else round(up - found.value, 4))
    trace["error_x.arrayminus"].append(None if down is None else round(found.value - down, 4))


def _shown(found: Interval) -> str:
    if found.lower is None or found.upper is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} [{found.lower:.3f}, {found.upper:.3f}]"
