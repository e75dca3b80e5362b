"""How the scores of fakes and reals are spread, and what any threshold makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart, Part, short_number
from pipeline.dashboards.evaluation.findings import SLICE_GROUP, Findings
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.evaluation import curve_points, score_intervals
from pipeline.evaluation.curves import Array, Counts, Curves
from schemas.run_report import OVERALL, Estimate
from schemas.scoring import DECISION_THRESHOLD

_EDGES: Final = np.linspace(0, 1, 21)  # thresholds that every evaluation keeps

_MOST_STEPS: Final = 48  # of the slider, beside the thresholds of the service
_DIGITS: Final = 3
_COLUMNS: Final = (
    Column(title="Threshold"),
    Column(title="Called fake above", kind="number"),
    Column(title="Fakes found", kind="number"),
    Column(title="False alarms", kind="number", help="Real videos that are called fake."),
    Column(title="Recall", kind="number", help="Share of the fakes that are found."),
    Column(title="Specificity", kind="number", help="Share of the reals that are called real."),
)


def score_histogram(findings: Findings) -> Chart:
    """Fakes above, reals below, on one axis of scores; lines at the thresholds."""
    centres = [round(float(edge) + 0.025, 3) for edge in _EDGES[:-1]]
    empty = [
        _bars("fake videos", charts.FAKE, "y", centres),
        _bars("real videos", charts.REAL, "y2", centres),
    ]
    drawn = {name: _parts(found) for name, found in findings.curves.items()}
    return Chart(
        id="scores",
        title="Scores by class",
        summary="How many fake (above) and real (below) videos score what. The further apart, the"
        " better; lines are the thresholds of the service.",
        figure=charts.figure(
            charts.filled_trace(empty, drawn.get(OVERALL, [{}, {}])),
            xaxis=charts.rate_axis("Score, P(fake)", anchor="y2"),
            yaxis=charts.axis("Fake", domain=[0.53, 1], rangemode="tozero"),
            yaxis2=charts.axis("Real", domain=[0, 0.47], rangemode="tozero"),
            bargap=0.12,
            shapes=[_threshold(point.threshold) for point in findings.operating_points],
        ),
        table=_table(findings),
        group=SLICE_GROUP,
        variants=drawn,
        height=420,
    )


def _bars(name: str, colour: str, axis: str, centres: list[float]) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": centres,
        "yaxis": axis,
        "marker": {"color": colour},
        "hovertemplate": f"%{{y}} {name}<br>score about %{{x}}<extra></extra>",
    }


def _threshold(at: float) -> dict[str, Any]:
    line = {"color": charts.INK, "width": 1, "dash": "dot"}
    ends = {"x0": at, "x1": at, "y0": 0, "y1": 1}
    return {"type": "line", **ends, "yref": "paper", "line": line}


def _parts(found: Curves) -> list[Part]:
    fakes, reals = curve_points.histogram(found, _EDGES)
    return [{"y": fakes.tolist()}, {"y": reals.tolist()}]


def _table(findings: Findings) -> Table | None:
    found = findings.overall_curves
    if found is None:
        return None
    rows = zip(_EDGES[:-1], _EDGES[1:], *curve_points.histogram(found, _EDGES), strict=True)
    return Table(
        caption="Scores of all test videos",
        columns=[
            Column(title="Score"),
            Column(title="Fake", kind="number"),
            Column(title="Real", kind="number"),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(f"{low:.2f} to {high:.2f}"),
                    tables.number(int(fakes)),
                    tables.number(int(reals)),
                ]
            )
            for low, high, fakes, reals in rows
        ],
        is_sortable=False,
    )


def threshold_slider(findings: Findings) -> Mapping[str, Any]:
    """What the slider of `parts.confusion` needs."""
    return {
        "slices": {name: _slice(findings, found) for name, found in findings.curves.items()},
        "start": DECISION_THRESHOLD,
        "marks": [
            {"label": point.label, "threshold": round(point.threshold, _DIGITS + 1)}
            for point in findings.operating_points
        ],
    }


def _slice(findings: Findings, found: Curves) -> Mapping[str, Any]:
    thresholds = _steps(findings, found)
    tp, fp = curve_points.counts_at(found, thresholds)
    return {
        "thresholds": short_number(np.maximum(thresholds, 0)),
        "true_positives": tp.tolist(),
        "false_positives": fp.tolist(),
        "num_fake": found.num_fake,
        "num_real": found.num_real,
        "recall": _bounds(findings, tp, found.num_fake),
        "specificity": _bounds(findings, found.num_real - fp, found.num_real),
    }


def _steps(findings: Findings, found: Curves) -> Array:
    """Positions of the slider: where a count changes, by quantiles, and the fixed ones."""
    changes = np.diff(found.true_positives + found.false_positives, prepend=-1) != 0
    thresholds = found.thresholds[changes]
    size = min(len(thresholds), _MOST_STEPS)
    kept = thresholds[np.linspace(0, len(thresholds) - 1, size).round().astype(np.intp)]
    fixed = [point.threshold for point in findings.operating_points]
    return np.unique(np.concatenate([kept, fixed, found.thresholds[-1:]]))


def _bounds(findings: Findings, counts: Counts, size: int) -> Sequence[Any]:
    level = findings.settings.confidence_level
    if not size:
        return []
    return [
        short_number(score_intervals.proportion(int(count) / size, size, level), _DIGITS)
        for count in counts
    ]


def at_operating_points(findings: Findings) -> Table | None:
    """All test videos at the thresholds of the service; None without curves."""
    found = findings.overall_curves
    if found is None:
        return None
    thresholds = [point.threshold for point in findings.operating_points]
    counts = zip(findings.operating_points, *curve_points.counts_at(found, thresholds), strict=True)
    return Table(
        caption="All test videos at the thresholds of the service",
        columns=_COLUMNS,
        rows=[
            Row(
                cells=[
                    tables.text(point.label),
                    tables.number(point.threshold, _DIGITS),
                    Cell(text=f"{tp:,} of {found.num_fake:,}", sort=int(tp)),
                    Cell(text=f"{fp:,} of {found.num_real:,}", sort=int(fp)),
                    _rate(findings, int(tp), found.num_fake),
                    _rate(findings, int(found.num_real - fp), found.num_real),
                ]
            )
            for point, tp, fp in counts
        ],
        is_sortable=False,
    )


def _rate(findings: Findings, count: int, size: int) -> Cell:
    if not size:
        return tables.number(None)
    level = findings.settings.confidence_level
    lower, upper = score_intervals.proportion(count / size, size, level)
    return tables.estimate(Estimate(value=count / size, lower=lower, upper=upper))
