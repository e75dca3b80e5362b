"""Small multiples of the features with few values: their shares, split beside split."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.data import split_style, statistics, wording
from pipeline.dashboards.data.statistics import BySplit, Categorical
from pipeline.dashboards.tables import Column, Row, Table

MAX_VALUES: Final = 12  # drawn; the table has them all
_ROOM: Final = 0.03  # for the marks on the ends
_ROW_PIXELS: Final = 26
_FRAME_PIXELS: Final = 120


def category_charts(splits: BySplit) -> list[Chart]:
    """One chart for each feature that takes more than one value."""
    found = ((key, statistics.categorical(splits, key)) for key in statistics.CATEGORICAL)
    return [_chart(key, by_split) for key, by_split in found if len(values(by_split)) > 1]


def constants(splits: BySplit) -> dict[str, str]:
    """The features that have one value in all tracks, and that value."""
    found = {key: values(statistics.categorical(splits, key)) for key in statistics.CATEGORICAL}
    return {key: names[0] for key, names in found.items() if len(names) == 1}


def values(by_split: Mapping[str, Categorical]) -> list[str]:
    """The values of all splits, the most frequent first."""
    counts: dict[str, int] = {}
    for found in by_split.values():
        for value, count in found.counts.items():
            counts[value] = counts.get(value, 0) + count
    return sorted(counts, key=lambda value: (-counts[value], value))


def _chart(key: str, by_split: Mapping[str, Categorical]) -> Chart:
    about, named = wording.FEATURES[key], values(by_split)
    drawn = named[:MAX_VALUES]
    more = len(named) - len(drawn)
    summary = about.meaning
    if more:
        summary += f" The {len(drawn)} most frequent values; {more} more are in the table."
    greatest = max(found.share(value) for value in drawn for found in by_split.values())
    per = "frames" if key in statistics.BY_FRAME else "tracks"
    return Chart(
        id=f"feature-{key.replace('_', '-')}",
        title=about.title,
        summary=summary,
        figure=charts.figure(
            [_spans(drawn, by_split), *(_trace(s, f, drawn) for s, f in by_split.items())],
            xaxis=charts.axis(
                f"share of the split's {per}",
                tickformat=".0%",
                range=[-_ROOM * greatest, (1 + _ROOM) * greatest],
            ),
            yaxis={
                "type": "category",
                "range": [len(drawn) - 0.5, -0.5],
                "ticklabelstandoff": 6,
            },
        ),
        table=_table(key, named, by_split),
        height=_FRAME_PIXELS + _ROW_PIXELS * len(drawn),
    )


def _spans(drawn: Sequence[str], by_split: Mapping[str, Categorical]) -> Mapping[str, Any]:
    """Thin lines from the least to the greatest share: their length is the disagreement."""
    xs: list[float | None] = []
    ys: list[str | None] = []
    for value in drawn:
        shares = [found.share(value) for found in by_split.values()]
        xs += [round(min(shares), 4), round(max(shares), 4), None]
        ys += [value, value, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "line": {"color": charts.GRID, "width": 5},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _trace(split: str, found: Categorical, drawn: Sequence[str]) -> Mapping[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": split,
        "x": [round(found.share(value), 4) for value in drawn],
        "y": list(drawn),
        "customdata": [found.counts.get(value, 0) for value in drawn],
        "marker": {
            "symbol": split_style.SYMBOLS[split],
            "size": 11,
            "color": split_style.COLOURS[split],
            "line": {"width": 2, "color": split_style.COLOURS[split]},
        },
        "hovertemplate": f"%{{y}}<br>{split}: %{{x:.1%}} (%{{customdata:,}})<extra></extra>",
    }


def _table(key: str, named: Sequence[str], by_split: Mapping[str, Categorical]) -> Table:
    rows = []
    for value in named:
        cells = [tables.text(value)]
        for found in by_split.values():
            share = tables.number(100 * found.share(value), 1, unit="%")
            count = f"{found.counts.get(value, 0):,}"
            cells.append(tables.Cell(text=share.text, sort=share.sort, note=count))
        rows.append(Row(cells=cells))
    return Table(
        caption=f"{wording.title(key)} ({key}): share and number by split",
        columns=[
            Column(title="Value"),
            *(Column(title=split, kind="number") for split in by_split),
        ],
        rows=rows,
        hides_caption=True,
    )
