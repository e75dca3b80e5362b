"""The chart of how many videos went into each run."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.index import run_axis
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.index.links import Links
from pipeline.dashboards.tables import Column, Row, Table


def video_counts(runs: Sequence[Entry], links: Links) -> Chart:
    """How many videos went into each run, and how many were refused."""
    shown = [run for run in runs if run.num_videos is not None]
    accepted = [run.num_videos - run.num_rejected for run in shown if run.num_videos is not None]
    rejected = [run.num_rejected for run in shown]
    bars = [_bars(shown, accepted, "accepted", charts.ACCENT, links)]
    if any(rejected):
        bars.append(_bars(shown, rejected, "rejected", charts.WARN, links))
    return Chart(
        id="videos",
        title="Videos by run",
        summary="Videos that came in, oldest run first: those that were used, and those that were"
        " refused. A click opens the run.",
        figure=charts.figure(
            bars,
            barmode="stack",
            xaxis=run_axis.of(shown),
            yaxis=charts.axis("Videos", rangemode="tozero"),
        ),
        table=_video_table(shown, accepted, links),
        height=380,
    )


def _bars(
    runs: Sequence[Entry], counts: Sequence[int], name: str, colour: str, links: Links
) -> Mapping[str, Any]:
    pattern = "/" if colour == charts.WARN else ""
    return {
        "type": "bar",
        "name": name,
        "x": list(range(len(runs))),
        "y": list(counts),
        "text": [run.run_id for run in runs],
        "textposition": "none",
        "meta": {"href": [links.run(run.run_id) for run in runs]},
        "marker": {"color": colour, "pattern": {"shape": pattern}},
        "hovertemplate": f"%{{text}}<br>%{{y:,}} {name}<extra></extra>",
    }


def _video_table(runs: Sequence[Entry], accepted: Sequence[int], links: Links) -> Table:
    return Table(
        caption="Videos of every run",
        columns=[
            Column(title="Run"),
            *(Column(title=title, kind="number") for title in ("Accepted", "Rejected", "Tested")),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(run.run_id, href=links.run(run.run_id)),
                    tables.number(count),
                    tables.number(run.num_rejected),
                    tables.number(run.num_test_videos),
                ]
            )
            for run, count in zip(runs, accepted, strict=True)
        ],
    )
