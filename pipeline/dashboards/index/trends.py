"""Charts over runs: a metric with its interval, and how many videos went in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.index import run_table
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.index.run_table import Links
from pipeline.dashboards.tables import HEADLINES, Column, Headline, Row, Table
from pipeline.runs import words

_MOST_DATES: Final = 8

METRIC: Final = "trend-metric"  # name of the selector
_MOST_LETTERS: Final = 110  # of a reason


def run_axis(runs: Sequence[Entry]) -> Mapping[str, Any]:
    """An axis of runs at equal distances: runs come in bursts, which time would draw as one."""
    step = max(1, -(-len(runs) // _MOST_DATES))
    chosen = range(0, len(runs), step)
    years = [runs[at].started.year for at in chosen]
    texts = [f"{runs[at].started:%d %b<br>%H:%M}" for at in chosen]
    for place, year in enumerate(years):
        if place == 0 or year != years[place - 1]:
            texts[place] += f"<br>{year}"
    return charts.axis(
        "Runs in the order of their start (UTC)",
        tickmode="array",
        tickvals=list(chosen),
        ticktext=texts,
        tickangle=0,
        range=[-0.6, max(len(runs), 2) - 0.4],
    )


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
            xaxis=run_axis(shown),
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


class _Mark(NamedTuple):
    """How runs of one outcome are drawn: symbol and colour."""

    title: str
    symbol: str
    colour: str
    has: Callable[[Entry], bool]


_MARKS: Final = (
    _Mark("pushed", "circle", charts.GOOD, lambda run: run.is_pushed),
    _Mark(
        "blessed, not pushed",
        "diamond",
        charts.ACCENT,
        lambda run: run.is_blessed is True and not run.is_pushed,
    ),
    _Mark("not blessed", "x", charts.BAD, lambda run: run.is_blessed is False),
    _Mark("no verdict", "circle-open", charts.FAINT, lambda run: run.is_blessed is None),
)


def metric_trend(runs: Sequence[Entry], links: Links) -> Chart:
    """The headline metrics of the runs that were evaluated, one at a time, in order of start."""
    shown = [run for run in runs if run.metrics]
    first = _drawn(shown, HEADLINES[0], links)
    return Chart(
        id="trend",
        title="Metric by run",
        summary="One mark per evaluated run, oldest first, over its test videos; lines show its"
        " interval. Runs may have been tested on different videos. A click opens the run.",
        figure=charts.figure(
            charts.filled_trace(_fixed(shown), first),
            xaxis=run_axis(shown),
            yaxis=charts.rate_axis(""),
            hovermode="closest",
        ),
        table=_metric_table(shown, links),
        group=METRIC,
        variants={metric.title: _drawn(shown, metric, links) for metric in HEADLINES},
        height=380,
    )


def _pipelines(runs: Iterable[Entry]) -> list[str]:
    return sorted({run.pipeline for run in runs})


def _marks(runs: Sequence[Entry]) -> list[_Mark]:
    return [mark for mark in _MARKS if any(map(mark.has, runs))]


def _fixed(runs: Sequence[Entry]) -> list[dict[str, Any]]:
    """What every metric shares: a line per pipeline, and marks per outcome."""
    pipelines = _pipelines(runs)
    several = len(pipelines) > 1
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": pipeline,
            "showlegend": several,
            "hoverinfo": "skip",
            "line": {
                "color": charts.SERIES[number % len(charts.SERIES)] if several else charts.FAINT,
                "width": 1,
                "dash": ("solid", "dash", "dot", "dashdot")[number % 4],
            },
        }
        for number, pipeline in enumerate(pipelines)
    ]
    marks = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": mark.title,
            "marker": {"symbol": mark.symbol, "size": 10, "color": mark.colour},
            "error_y": {
                "type": "data",
                "symmetric": False,
                "color": mark.colour,
                "thickness": 1.2,
                "width": 3,
            },
            "hovertemplate": "%{text}<extra></extra>",
        }
        for mark in _marks(runs)
    ]
    return [*lines, *marks]


def _drawn(runs: Sequence[Entry], metric: Headline, links: Links) -> list[dict[str, Any]]:
    """What each trace shows of one metric, as `restyle` takes it."""
    numbered = [(at, run) for at, run in enumerate(runs) if metric.name in run.metrics]
    lines = [
        [(at, run) for at, run in numbered if run.pipeline == pipeline]
        for pipeline in _pipelines(runs)
    ]
    marked = [[(at, run) for at, run in numbered if mark.has(run)] for mark in _marks(runs)]
    return [
        *(_points(chosen, metric) for chosen in lines),
        *(_points(chosen, metric) | _details(chosen, metric, links) for chosen in marked),
    ]


def _points(chosen: Sequence[tuple[int, Entry]], metric: Headline) -> dict[str, Any]:
    values = [round(run.metrics[metric.name].value, 4) for _, run in chosen]
    return {"x": [at for at, _ in chosen], "y": values}


def _details(chosen: Sequence[tuple[int, Entry]], metric: Headline, links: Links) -> dict[str, Any]:
    found = [run.metrics[metric.name] for _, run in chosen]
    return {
        "error_y.array": [_distance(one.upper, one.value) for one in found],
        "error_y.arrayminus": [_distance(one.value, one.lower) for one in found],
        "text": [_hover(run, metric) for _, run in chosen],
        "meta.href": [links.run(run.run_id) for _, run in chosen],
    }


def _distance(upper: float | None, lower: float | None) -> float | None:
    return None if upper is None or lower is None else round(upper - lower, 4)


def _hover(run: Entry, metric: Headline) -> str:
    found = run.metrics[metric.name]
    bounds = "" if found.lower is None else f" [{found.lower:.3f}, {found.upper:.3f}]"
    lines = [
        run.run_id,
        run.pipeline,
        f"{metric.title} {found.value:.3f}{bounds}, {run.num_test_videos} test videos",
        f"pushed as version {run.version}" if run.version else run.status.replace("_", " "),
        *(words.shortened(reason, _MOST_LETTERS) for reason in run.reasons[:1]),
    ]
    return "<br>".join(lines)


def _metric_table(runs: Sequence[Entry], links: Links) -> Table:
    columns = [Column(title="Run"), Column(title="Outcome")]
    columns += [Column(title=m.title, kind="number", help=m.help) for m in HEADLINES]
    return Table(
        caption="Headline metrics of every evaluated run",
        columns=columns,
        rows=[
            Row(
                cells=[
                    tables.text(run.run_id, href=links.run(run.run_id)),
                    tables.text(next(mark.title for mark in _MARKS if mark.has(run))),
                    *(run_table.estimate_cell(run, metric) for metric in HEADLINES),
                ]
            )
            for run in runs
        ],
    )
