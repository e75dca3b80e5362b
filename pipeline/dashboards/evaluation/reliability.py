"""The reliability diagram, with how many videos each of its points rests on."""

from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart, Part, short_number
from pipeline.dashboards.evaluation.findings import SLICE_GROUP, Findings, interval_bounds
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.evaluation import score_intervals
from pipeline.evaluation.curves import CalibrationBin
from schemas.run_report import OVERALL, Estimate

_COLUMNS: Final = (
    Column(title="Score", help="P(fake) of the videos in the bin."),
    Column(title="Videos", kind="number"),
    Column(title="Fake", kind="number"),
    Column(title="Mean score", kind="number"),
    Column(title="Share of fakes", kind="number", help="With Wilson's interval."),
)


def diagram(findings: Findings) -> Chart:
    """Mean score against the share of fakes, by bin; how many videos below."""
    drawn = {name: [{}, *_parts(findings, name)] for name in findings.curves}
    empty = [charts.dashed_trace("as it should be", [0, 1], [0, 1]), _points(), _sizes()]
    return Chart(
        id="reliability",
        title="Reliability",
        summary="Of the videos that score about 0.8, are about 80 % fake? Points on the dashed line"
        " say yes; bars below count the videos of each bin, and few videos make wide intervals.",
        figure=charts.figure(
            charts.filled_trace(empty, drawn.get(OVERALL, [{}, {}, {}])),
            xaxis=charts.rate_axis("Score, P(fake)", anchor="y2"),
            yaxis=charts.rate_axis("Share of fakes", domain=[0.27, 1]),
            yaxis2=charts.axis("Videos", domain=[0, 0.19], rangemode="tozero", nticks=3),
        ),
        table=_table(findings),
        group=SLICE_GROUP,
        variants=drawn,
        height=420,
    )


def _points() -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,
        "marker": {"color": charts.ACCENT, "size": 9},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "color": charts.ACCENT,
            "thickness": 1,
            "width": 3,
        },
        "hovertemplate": "mean score %{x:.3f}<br>share of fakes %{y:.3f}<extra></extra>",
    }


def _sizes() -> dict[str, Any]:
    return {
        "type": "bar",
        "name": "videos",
        "yaxis": "y2",
        "showlegend": False,
        "marker": {"color": charts.faded(charts.ACCENT, 0.55)},
        "hovertemplate": "%{y} videos<extra></extra>",
    }


def _parts(findings: Findings, name: str) -> list[Part]:
    """What the points and the bars show of one slice."""
    bins = findings.curves[name].bins
    filled = [entry for entry in bins if entry.num_videos]
    shares = [entry.num_fake / entry.num_videos for entry in filled]
    bounds = [_bounds(findings, entry) for entry in filled]
    points = {
        "name": _label(findings, name),
        "x": short_number((entry.total_score / entry.num_videos for entry in filled), 3),
        "y": short_number(shares, 3),
        "error_y.array": short_number((b[1] - s for s, b in zip(shares, bounds, strict=True)), 3),
        "error_y.arrayminus": short_number(
            (s - b[0] for s, b in zip(shares, bounds, strict=True)), 3
        ),
    }
    centres = short_number(((entry.lower + entry.upper) / 2 for entry in bins), 3)
    return [points, {"x": centres, "y": [entry.num_videos for entry in bins]}]


def _bounds(findings: Findings, entry: CalibrationBin) -> tuple[float, float]:
    rate = entry.num_fake / entry.num_videos
    return score_intervals.proportion(rate, entry.num_videos, findings.settings.confidence_level)


def _label(findings: Findings, name: str) -> str:
    found = findings.slices[name].metrics.get(tables.ECE.name)
    if found is None:
        return "this model"
    return f"this model, ECE {found.value:.3f} {interval_bounds(found)}".rstrip()


def _table(findings: Findings) -> Table | None:
    if findings.overall_curves is None:
        return None
    return Table(
        caption="Reliability over all test videos, by bin of the score",
        columns=_COLUMNS,
        rows=[_row(findings, entry) for entry in findings.overall_curves.bins],
        is_sortable=False,
    )


def _row(findings: Findings, entry: CalibrationBin) -> Row:
    name = tables.text(f"{entry.lower:.3f} to {entry.upper:.3f}")
    counts = [tables.number(entry.num_videos), tables.number(entry.num_fake)]
    if not entry.num_videos:
        return Row(cells=[name, *counts, tables.number(None), tables.number(None)], is_faint=True)
    lower, upper = _bounds(findings, entry)
    rate = Estimate(value=entry.num_fake / entry.num_videos, lower=lower, upper=upper)
    share = tables.estimate(rate)
    return Row(cells=[name, *counts, tables.number(entry.total_score / entry.num_videos, 3), share])
