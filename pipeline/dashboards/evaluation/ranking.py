"""ROC, precision-recall and DET curves of any slice, with the thresholds of the service."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.evaluation import ranking_traces, traces
from pipeline.dashboards.evaluation.decimals import short
from pipeline.dashboards.evaluation.findings import ONE_CLASS, SLICE_GROUP, Findings
from pipeline.dashboards.evaluation.ranking_traces import DET, PRECISION_RECALL, ROC
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.evaluation import curve_points
from pipeline.evaluation.curve_points import Points
from pipeline.evaluation.curves import Array, Curves

_MOST_ROWS: Final = 30
_HEIGHT: Final = 400
_TICKS: Final = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
_ENDS: Final = (0.0008, 0.86)  # of the axes of the DET


def roc(findings: Findings) -> Chart:
    """False positive rate against recall."""
    return Chart(
        id="roc",
        title="Fakes found against false alarms",
        summary="Fakes found against real videos called fake, over all thresholds. Up and to the"
        " left is better; the dashed line is chance. Marks are the thresholds of the service.",
        figure=charts.figure(
            ranking_traces.of(findings, ROC, traces.dashed("chance", [0, 1], [0, 1])),
            xaxis=charts.rate_axis("False positive rate"),
            yaxis=charts.rate_axis("Recall (true positive rate)"),
        ),
        table=_table(findings, "ROC", ("False positive rate", "Recall"), curve_points.roc),
        group=SLICE_GROUP,
        variants=ranking_traces.variants(findings, ROC),
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
            ranking_traces.of(findings, PRECISION_RECALL, traces.dashed("all called fake", [], [])),
            xaxis=charts.rate_axis("Recall"),
            yaxis=charts.rate_axis("Precision"),
        ),
        table=_table(findings, "Precision", ("Recall", "Precision"), curve_points.precision_recall),
        group=SLICE_GROUP,
        variants=ranking_traces.variants(findings, PRECISION_RECALL),
        height=_HEIGHT,
        missing=ONE_CLASS,
    )


def detection_error_tradeoff(findings: Findings) -> Chart:
    """False positive rate against false negative rate on normal deviates."""
    ends = short(curve_points.probit(_ENDS))
    return Chart(
        id="det",
        title="Both errors against each other",
        summary="Both kinds of error on normal-deviate axes, which spread the small rates. Down and"
        " to the left is better; a rate of 0 is drawn at half a video, so few videos end early.",
        figure=charts.figure(
            ranking_traces.of(findings, DET, traces.dashed("equal errors", ends, ends)),
            xaxis=_probit_axis("False positive rate"),
            yaxis=_probit_axis("False negative rate"),
        ),
        table=_table(findings, "Errors", ("False positive rate", "False negative rate"), _errors),
        group=SLICE_GROUP,
        variants=ranking_traces.variants(findings, DET),
        height=_HEIGHT,
        missing=ONE_CLASS,
    )


def _probit_axis(title: str) -> Mapping[str, Any]:
    return charts.axis(
        title,
        range=short(curve_points.probit(_ENDS)),
        tickmode="array",
        tickvals=short(curve_points.probit(_TICKS)),
        ticktext=[f"{100 * tick:g} %" for tick in _TICKS],
    )


def _table(
    findings: Findings, caption: str, titles: tuple[str, str], points: Callable[..., Points]
) -> Table | None:
    """The overall slice at some thresholds; None where it has one class only."""
    found = findings.overall_curves
    if found is None or not found.has_both_classes:
        return None
    bars = curve_points.thinned(curve_points.roc(found), _MOST_ROWS).thresholds
    return Table(
        caption=f"{caption} over all test videos, at {len(bars)} thresholds",
        columns=[
            Column(title="Called fake above", kind="number"),
            *(Column(title=title, kind="number") for title in titles),
        ],
        rows=[
            Row(cells=[tables.number(max(bar, 0), 3), tables.number(x, 3), tables.number(y, 3)])
            for x, y, bar in zip(*points(found, bars), strict=True)
        ],
    )


def _errors(curves: Curves, at: Array) -> Points:
    points = curve_points.roc(curves, at)
    return points._replace(y=1 - points.y)
