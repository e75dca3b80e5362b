"""ROC, precision-recall and DET curves of any slice, with the thresholds of the service.

Each follows the selector of slices.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart, Part, short_number
from pipeline.dashboards.evaluation.findings import ONE_CLASS, SLICE_GROUP, Findings
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.evaluation import curve_points
from pipeline.evaluation.curve_points import Points
from pipeline.evaluation.curves import Array, Curves
from schemas.run_report import OVERALL

_MOST_POINTS: Final = 75
_MOST_BASELINE_POINTS: Final = 40

_SYMBOLS: Final = ("circle", "diamond", "square")  # two targets and 0.5

_MOST_ROWS: Final = 30
_HEIGHT: Final = 400
_TICKS: Final = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
_ENDS: Final = (0.0008, 0.86)  # of the axes of the DET


class Kind(NamedTuple):
    """One kind of curve.

    Attributes:
      points: Function that gives the points of a slice: of the whole curve, or at thresholds.
      shape: Shape of the line between points, as Plotly names it.
      hover: Plotly's hover template of a point; `customdata` is the threshold.
    """

    points: Callable[..., Points]
    shape: str
    hover: str


ROC: Final = Kind(
    curve_points.roc,
    "linear",
    "recall %{y:.3f} at FPR %{x:.3f}<br>above %{customdata:.3f}<extra></extra>",
)
PRECISION_RECALL: Final = Kind(
    curve_points.precision_recall,
    "vh",
    "precision %{y:.3f} at recall %{x:.3f}<br>above %{customdata:.3f}<extra></extra>",
)
DET: Final = Kind(
    curve_points.detection_error_tradeoff,
    "linear",
    "%{text}<br>above %{customdata:.3f}<extra></extra>",
)


def curve_traces(findings: Findings, kind: Kind, dashed: dict[str, Any]) -> list[dict[str, Any]]:
    """The traces of the overall slice; without points if it has one class only.

    Args:
      findings: Evaluation that was made with curves.
      kind: Kind of curve to draw.
      dashed: Line to compare with; it becomes the first trace.
    """
    made = [dashed, _line("this model", charts.ACCENT, kind), *_marks(findings, kind)]
    if findings.baseline_curves:
        made.insert(1, _line("baseline", charts.BASELINE, kind, "dot"))
    if not _is_drawn(findings, OVERALL):
        return made
    return charts.filled_trace(made, _parts(findings, kind, OVERALL))


def variants(findings: Findings, kind: Kind) -> dict[str, list[Part]]:
    """What changes for each other slice that has both classes."""
    drawn = (name for name in findings.curves if _is_drawn(findings, name))
    return {name: _parts(findings, kind, name) for name in drawn if name != OVERALL}


def _line(name: str, colour: str, kind: Kind, dash: str = "solid") -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "line": {"color": colour, "width": 2.5, "dash": dash, "shape": kind.shape},
        "hovertemplate": f"<b>{name}</b><br>{kind.hover}",
    }


def _marks(findings: Findings, kind: Kind) -> list[dict[str, Any]]:
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{point.label} ({point.threshold:.3f})",
            "cliponaxis": False,
            "marker": {
                "symbol": symbol,
                "size": 11,
                "color": charts.PANEL,
                "line": {"color": charts.INK, "width": 2},
            },
            "hovertemplate": f"<b>threshold {point.label}</b><br>{kind.hover}",
        }
        for point, symbol in zip(findings.operating_points, _SYMBOLS, strict=False)
    ]


def _is_drawn(findings: Findings, name: str) -> bool:
    found = findings.curves.get(name)
    return found is not None and found.has_both_classes


def _parts(findings: Findings, kind: Kind, name: str) -> list[Part]:
    """What changes from slice to slice, trace by trace."""
    found = findings.curves[name]
    parts: list[Part] = [_prevalence(found) if kind is PRECISION_RECALL else {}]
    if findings.baseline_curves:
        before = kind.points(findings.baseline_curves[name])
        parts.append(_part(curve_points.thinned(before, _MOST_BASELINE_POINTS)))
    parts.append(_part(curve_points.thinned(kind.points(found), _MOST_POINTS)))
    marked = (kind.points(found, [point.threshold]) for point in findings.operating_points)
    return [*parts, *map(_part, marked)]


def _prevalence(found: Curves) -> Part:
    share = found.num_fake / (found.num_fake + found.num_real)
    return {"x": [0, 1], "y": short_number([share, share], 3)}


def _part(points: Points) -> Part:
    thresholds = np.maximum(points.thresholds, 0)
    return {
        "x": short_number(points.x, 3),
        "y": short_number(points.y, 3),
        "customdata": short_number(thresholds, 3),
    }


def roc(findings: Findings) -> Chart:
    """False positive rate against recall."""
    return Chart(
        id="roc",
        title="Fakes found against false alarms",
        summary="Fakes found against real videos called fake, over all thresholds. Up and to the"
        " left is better; the dashed line is chance. Marks are the thresholds of the service.",
        figure=charts.figure(
            curve_traces(findings, ROC, charts.dashed_trace("chance", [0, 1], [0, 1])),
            xaxis=charts.rate_axis("False positive rate"),
            yaxis=charts.rate_axis("Recall (true positive rate)"),
        ),
        table=_table(findings, "ROC", ("False positive rate", "Recall"), curve_points.roc),
        group=SLICE_GROUP,
        variants=variants(findings, ROC),
        height=_HEIGHT,
        missing=ONE_CLASS,
    )


def precision_recall(findings: Findings) -> Chart:
    """Recall against precision."""
    return Chart(
        id="precision-recall",
        title="What the verdict “fake” is worth",
        summary="How much of what is called fake is fake, as more fakes are found. It depends on"
        " the share of fakes among the test videos (dashed), which will be another in use.",
        figure=charts.figure(
            curve_traces(
                findings, PRECISION_RECALL, charts.dashed_trace("all called fake", [], [])
            ),
            xaxis=charts.rate_axis("Recall"),
            yaxis=charts.rate_axis("Precision"),
        ),
        table=_table(findings, "Precision", ("Recall", "Precision"), curve_points.precision_recall),
        group=SLICE_GROUP,
        variants=variants(findings, PRECISION_RECALL),
        height=_HEIGHT,
        missing=ONE_CLASS,
    )


def detection_error_tradeoff(findings: Findings) -> Chart:
    """False positive rate against false negative rate on normal deviates."""
    ends = short_number(curve_points.probit(_ENDS))
    return Chart(
        id="det",
        title="Both errors against each other",
        summary="Both kinds of error on normal-deviate axes, which spread the small rates. Down and"
        " to the left is better; a rate of 0 is drawn at half a video, so few videos end early.",
        figure=charts.figure(
            curve_traces(findings, DET, charts.dashed_trace("equal errors", ends, ends)),
            xaxis=_probit_axis("False positive rate"),
            yaxis=_probit_axis("False negative rate"),
        ),
        table=_table(findings, "Errors", ("False positive rate", "False negative rate"), _errors),
        group=SLICE_GROUP,
        variants=variants(findings, DET),
        height=_HEIGHT,
        missing=ONE_CLASS,
    )


def _probit_axis(title: str) -> Mapping[str, Any]:
    return charts.axis(
        title,
        range=short_number(curve_points.probit(_ENDS)),
        tickmode="array",
        tickvals=short_number(curve_points.probit(_TICKS)),
        ticktext=[f"{100 * tick:g} %" for tick in _TICKS],
    )


def _table(
    findings: Findings, caption: str, titles: tuple[str, str], points: Callable[..., Points]
) -> Table | None:
    """The overall slice at some thresholds; None where it has one class only."""
    found = findings.overall_curves
    if found is None or not found.has_both_classes:
        return None
    thresholds = curve_points.thinned(curve_points.roc(found), _MOST_ROWS).thresholds
    return Table(
        caption=f"{caption} over all test videos, at {len(thresholds)} thresholds",
        columns=[
            Column(title="Called fake above", kind="number"),
            *(Column(title=title, kind="number") for title in titles),
        ],
        rows=[
            Row(
                cells=[
                    tables.number(max(threshold, 0), 3),
                    tables.number(x, 3),
                    tables.number(y, 3),
                ]
            )
            for x, y, threshold in zip(*points(found, thresholds), strict=True)
        ],
    )


def _errors(curves: Curves, at: Array) -> Points:
    points = curve_points.roc(curves, at)
    return points._replace(y=1 - points.y)
