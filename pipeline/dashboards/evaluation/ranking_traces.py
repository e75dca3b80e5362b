"""Traces of the curves that rank: what chance or equal errors give, the baseline, the model, marks.

Each follows the selector of slices.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from pipeline.dashboards import charts
from pipeline.dashboards.evaluation import traces
from pipeline.dashboards.evaluation.decimals import short
from pipeline.dashboards.evaluation.findings import Findings
from pipeline.dashboards.evaluation.traces import Part
from pipeline.evaluation import curve_points
from pipeline.evaluation.curve_points import Points
from pipeline.evaluation.curves import Curves
from pipeline.evaluation.summary import OVERALL

_MOST_POINTS: Final = 75
_MOST_BASELINE_POINTS: Final = 40

_SYMBOLS: Final = ("circle", "diamond", "square")  # two targets and 0.5


class Kind(NamedTuple):
    """One kind of curve.

    Attributes:
      points: Of a slice with both classes, of the whole curve or at thresholds.
      shape: Of the line, as Plotly's.
      hover: Over a point, as Plotly's; `customdata` is the threshold.
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


def of(findings: Findings, kind: Kind, dashed: dict[str, Any]) -> list[dict[str, Any]]:
    """The traces of the overall slice; without points if it has one class only.

    Args:
      findings: With curves.
      kind: Of curve.
      dashed: The first trace.
    """
    made = [dashed, _line("this model", charts.ACCENT, kind), *_marks(findings, kind)]
    if findings.baseline_curves:
        made.insert(1, _line("baseline", charts.BASELINE, kind, "dot"))
    if not _is_drawn(findings, OVERALL):
        return made
    return traces.filled(made, _parts(findings, kind, OVERALL))


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
    return {"x": [0, 1], "y": short([share, share], 3)}


def _part(points: Points) -> Part:
    bars = np.maximum(points.thresholds, 0)
    return {"x": short(points.x, 3), "y": short(points.y, 3), "customdata": short(bars, 3)}
