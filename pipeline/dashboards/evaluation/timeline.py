"""The headline metrics of the blessed models of the same output folder, in order."""

import dataclasses
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart, Part, short_number
from pipeline.dashboards.index import entries
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import HEADLINES, Cell, Column, Headline, Row, Table
from pipeline.runs import folders
from pipeline.runs.folders import RunFolder
from schemas.errors import UnreadableRunError

METRIC_GROUP: Final = "timeline-metric"

_FEWEST: Final = 2  # runs that make a line


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timeline:
    """The chart, and what its selector offers."""

    chart: Chart
    metrics: Sequence[str]


def of(sources: RunSources) -> Timeline | None:
    """The timeline of the runs of this pipeline; None with fewer than two blessed models."""
    runs = sorted(_blessed(sources), key=lambda run: (run.started, run.run_id))
    if len(runs) < _FEWEST:
        return None
    return Timeline(chart=_chart(runs, sources.run_id), metrics=[m.title for m in HEADLINES])


def _blessed(sources: RunSources) -> Iterator[Entry]:
    """Runs up to this one whose model was blessed."""
    now = entries.of_sources(sources).started
    for path in folders.reports(sources.output):
        try:
            run = entries.of_run(RunFolder(path.parent))
        except UnreadableRunError:  # the page of all runs says so
            continue
        is_ours = run is not None and run.pipeline == sources.report.pipeline
        # Later runs would not renew this page.
        is_known = run is not None and is_ours and run.started <= now
        if run is not None and is_known and run.is_blessed and run.metrics:
            yield run


def _chart(runs: Sequence[Entry], current: str) -> Chart:
    drawn = {metric.title: _parts(runs, current, metric) for metric in HEADLINES}
    return Chart(
        id="timeline",
        title="Blessed models, in time",
        summary="One mark per run, up to this one, whose model passed its gates, with its"
        " interval; the ring is this run. Runs may have been tested on different videos. A click"
        " opens the run.",
        figure=charts.figure(
            charts.filled_trace(_traces(), drawn[HEADLINES[0].title]),
            xaxis=charts.axis("Start of the run (UTC)", type="category"),
            yaxis=charts.axis(""),
        ),
        table=_table(runs, current),
        group=METRIC_GROUP,
        variants=drawn,
        height=360,
    )


def _traces() -> tuple[dict[str, Any], dict[str, Any]]:
    runs = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "blessed model",
        "cliponaxis": False,
        "line": {"color": charts.ACCENT, "width": 1.5},
        "marker": {"color": charts.ACCENT, "size": 9},
        "error_y": {"type": "data", "symmetric": False, "color": charts.ACCENT, "thickness": 1},
        "hovertemplate": "<b>%{text}</b><br>%{y:.3f}<extra></extra>",
    }
    ring = {
        "type": "scatter",
        "mode": "markers",
        "name": "this run",
        "cliponaxis": False,
        "marker": {
            "symbol": "circle-open",
            "size": 19,
            "color": charts.INK,
            "line": {"width": 2},
        },
        "hoverinfo": "skip",
    }
    return runs, ring


def _parts(runs: Sequence[Entry], current: str, metric: Headline) -> list[Part]:
    shown = [run for run in runs if metric.name in run.metrics]
    found = [run.metrics[metric.name] for run in shown]
    here = [run for run in shown if run.run_id == current]
    return [
        {
            "x": [_label(run) for run in shown],
            "y": short_number(one.value for one in found),
            "text": [run.run_id for run in shown],
            "error_y.array": [_distance(one.upper, one.value) for one in found],
            "error_y.arrayminus": [_distance(one.value, one.lower) for one in found],
            "meta.href": [
                f"../{urllib.parse.quote(run.run_id, safe='')}/evaluation.html" for run in shown
            ],
        },
        {
            "x": [_label(run) for run in here],
            "y": short_number(run.metrics[metric.name].value for run in here),
        },
    ]


def _distance(upper: float | None, lower: float | None) -> float | None:
    return None if upper is None or lower is None else round(upper - lower, 4)


def _label(run: Entry) -> str:
    """Distinct in seconds: categories of one name would be one."""
    return f"{run.started:%d %b %Y<br>%H:%M:%S}"


def _table(runs: Sequence[Entry], current: str) -> Table:
    columns = [Column(title="Run"), Column(title="Start (UTC)")]
    columns += [Column(title=m.title, kind="number", help=m.help) for m in HEADLINES]
    return Table(
        caption="Blessed models of this output folder",
        columns=columns,
        rows=[
            Row(
                cells=[
                    Cell(
                        text=run.run_id,
                        note="this run" if run.run_id == current else "",
                        href=f"../{run.run_id}/evaluation.html",
                    ),
                    tables.text(f"{run.started:%Y-%m-%d %H:%M:%S}"),
                    *(tables.estimate(run.metrics.get(metric.name)) for metric in HEADLINES),
                ]
            )
            for run in runs
        ],
    )
