"""The risk-coverage curve: the error rate where the least certain videos are left to people."""

from typing import Any, Final

import numpy as np

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart, Part, short_number
from pipeline.dashboards.evaluation.findings import SLICE_GROUP, Findings
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.evaluation import curve_points, score_intervals
from pipeline.evaluation.curve_points import Selective
from pipeline.evaluation.curves import Curves
from schemas.run_report import OVERALL, Estimate

_MOST_POINTS: Final = 50
_COVERAGES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


def abstention(findings: Findings) -> Chart:
    """Error rate over the share of videos that are answered."""
    drawn = {name: _parts(findings, found) for name, found in findings.curves.items()}
    return Chart(
        id="risk-coverage",
        title="Risk and coverage",
        summary="The error rate among the videos that are answered, when those with scores nearest"
        " to 0.5 are left to people. A curve that does not rise to the right says that certainty"
        " tells nothing. The band is Wilson's interval.",
        figure=charts.figure(
            charts.filled_trace(_traces(), drawn.get(OVERALL, [{}, {}, {}])),
            xaxis=charts.rate_axis("Share of videos that are answered"),
            yaxis=charts.axis("Error rate among them", rangemode="tozero"),
        ),
        table=_table(findings),
        group=SLICE_GROUP,
        variants=drawn,
        height=420,
    )


def _traces() -> list[dict[str, Any]]:
    """The lower bound, the upper one with the band between them, the curve."""
    bound = {
        "type": "scatter",
        "mode": "lines",
        "line": {"color": charts.ACCENT, "width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    band = {"fill": "tonexty", "fillcolor": charts.faded(charts.ACCENT, 0.15)}
    curve = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "error rate",
        "line": {"color": charts.ACCENT, "width": 2},
        "marker": {"color": charts.ACCENT, "size": 5},
        "hovertemplate": "%{y:.1%} wrong of %{customdata} videos answered"
        "<br>coverage %{x:.1%}<extra></extra>",
    }
    return [bound, {**bound, **band}, curve]


def _parts(findings: Findings, found: Curves) -> list[Part]:
    kept = _thinned(curve_points.risk_coverage(found))
    bounds = [_bounds(findings, *pair) for pair in zip(kept.num_wrong, kept.num_kept, strict=True)]
    x = short_number(kept.num_kept / (found.num_fake + found.num_real), 3)
    return [
        {"x": x, "y": short_number((low for low, _ in bounds), 3)},
        {"x": x, "y": short_number((high for _, high in bounds), 3)},
        {
            "x": x,
            "y": short_number(kept.num_wrong / kept.num_kept, 3),
            "customdata": kept.num_kept.tolist(),
        },
    ]


def _thinned(points: Selective) -> Selective:
    size = len(points.num_kept)
    at = np.unique(np.linspace(0, size - 1, min(size, _MOST_POINTS)).round().astype(np.intp))
    return Selective(points.num_kept[at], points.num_wrong[at], points.certainty[at])


def _bounds(findings: Findings, wrong: int, kept: int) -> tuple[float, float]:
    level = findings.settings.confidence_level
    return score_intervals.proportion(wrong / kept, int(kept), level)


def _table(findings: Findings) -> Table | None:
    found = findings.overall_curves
    if found is None:
        return None
    points = curve_points.risk_coverage(found)
    coverage = points.num_kept / points.num_kept[-1]
    at = np.unique(np.searchsorted(coverage, np.array(_COVERAGES) - 1e-9))
    return Table(
        caption="Errors over all test videos when the least certain are left to people",
        columns=[
            Column(title="Answered", kind="number", help="Share of all test videos."),
            Column(title="Videos", kind="number"),
            Column(title="Wrong", kind="number"),
            Column(title="Error rate", kind="number", help="With Wilson's interval."),
            Column(title="Left to people", help="Scores of the videos that are not answered."),
        ],
        rows=[_row(findings, points, coverage[index], index) for index in at],
    )


def _row(findings: Findings, points: Selective, coverage: float, index: int) -> Row:
    kept, wrong = int(points.num_kept[index]), int(points.num_wrong[index])
    distance = points.certainty[index]
    lower, upper = _bounds(findings, wrong, kept)
    left = f"nearer to 0.5 than {distance:.3f}" if coverage < 1 else "none"
    return Row(
        cells=[
            tables.number(100 * coverage, 1, unit="%"),
            tables.number(kept),
            tables.number(wrong),
            tables.estimate(Estimate(value=wrong / kept, lower=lower, upper=upper)),
            tables.text(left),
        ]
    )
