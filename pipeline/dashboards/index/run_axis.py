"""The axis of charts over runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts
from pipeline.dashboards.index.entries import Entry

_MOST_DATES: Final = 8


def of(runs: Sequence[Entry]) -> Mapping[str, Any]:
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
