"""How the scores of fakes and of reals are spread."""

from typing import Any, Final

import numpy as np

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.evaluation import traces
from pipeline.dashboards.evaluation.findings import SLICE_GROUP, Findings
from pipeline.dashboards.evaluation.traces import Part
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.evaluation import curve_points
from pipeline.evaluation.curves import Curves
from pipeline.evaluation.summary import OVERALL

_EDGES: Final = np.linspace(0, 1, 21)  # thresholds that every evaluation keeps


def scores(findings: Findings) -> Chart:
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
            traces.filled(empty, drawn.get(OVERALL, [{}, {}])),
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
