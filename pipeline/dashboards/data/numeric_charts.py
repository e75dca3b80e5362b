"""Small multiples of the numeric features: the density of each split, one above the other.

All rows of a chart have one scale, so that areas compare.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.data import split_style, statistics, wording
from pipeline.dashboards.data.statistics import BySplit, Numeric
from pipeline.dashboards.tables import Cell, Column, Row, Table

Outline = tuple[Sequence[float], Sequence[float]]  # x, and the density there

_DIGITS: Final = 4  # significant ones
_BAR: Final = 0.05  # of the range of all splits
_FILLED: Final = 0.86  # of a row, by the highest density
_ROW_PIXELS: Final = 46
_FRAME_PIXELS: Final = 80
_COLUMNS: Final = (
    Column(title="Split"),
    Column(title="Values", kind="number"),
    Column(title="Missing", kind="number", help="Tracks without a value"),
    Column(title="Mean", kind="number"),
    Column(title="Std", kind="number", help="Standard deviation"),
    Column(title="Min", kind="number"),
    Column(title="Median", kind="number"),
    Column(title="Max", kind="number"),
    Column(title="Zeros", kind="number"),
)


def numeric_charts(splits: BySplit) -> list[Chart]:
    """One chart for each numeric feature that takes more than one value."""
    found = ((key, statistics.numeric(splits, key)) for key in statistics.NUMERIC)
    return [_chart(key, by_split) for key, by_split in found if len(_ends(by_split)) > 1]


def constants(splits: BySplit) -> dict[str, str]:
    """The numeric features that have one value everywhere, and that value."""
    found = {key: _ends(statistics.numeric(splits, key)) for key in statistics.NUMERIC}
    return {key: f"{min(ends):.{_DIGITS}g}" for key, ends in found.items() if len(ends) == 1}


def table(key: str, by_split: Mapping[str, Numeric]) -> Table:
    """Figures of a numeric feature, a row per split."""
    return Table(
        caption=f"{wording.title(key)} ({key}) by split",
        columns=_COLUMNS,
        rows=[_row(split, found) for split, found in by_split.items()],
        is_sortable=False,
        hides_caption=True,
    )


def _row(split: str, found: Numeric) -> Row:
    measured = (found.mean, found.std, found.minimum, found.median, found.maximum)
    return Row(
        cells=[
            tables.text(split),
            tables.number(found.count),
            tables.number(found.missing, tone="warn" if found.missing else ""),
            *(_significant(value) for value in measured),
            tables.number(found.zeros),
        ]
    )


def _significant(value: float) -> Cell:
    return Cell(text=f"{value:.{_DIGITS}g}", sort=value)


def _chart(key: str, by_split: Mapping[str, Numeric]) -> Chart:
    about, names = wording.FEATURES[key], list(by_split)
    unit = about.unit or "value"
    bar = (max(_ends(by_split)) - min(_ends(by_split))) * _BAR
    outlines = {split: _outline(found, bar) for split, found in by_split.items()}
    highest = max(max(ys, default=0.0) for _, ys in outlines.values()) or 1.0
    rows = range(len(names) - 1, -1, -1)  # from the top
    traces = [
        trace
        for row, split in zip(rows, names, strict=True)
        for trace in _ridge(split, by_split[split], outlines[split], row, _FILLED / highest)
    ]
    return Chart(
        id=f"feature-{key.replace('_', '-')}",
        title=about.title,
        summary=f"{about.meaning} The dots are the medians.",
        figure=charts.figure(
            traces,
            showlegend=False,
            margin={"t": 8},
            xaxis=charts.axis(unit),
            yaxis={
                "range": [-0.08, len(names)],
                "tickvals": list(rows),
                "ticktext": names,
                "ticklabelstandoff": 6,
            },
        ),
        table=table(key, by_split),
        height=_FRAME_PIXELS + _ROW_PIXELS * len(names),
    )


def _ends(by_split: Mapping[str, Numeric]) -> set[float]:
    """Least and greatest values of the splits: one alone where nothing varies."""
    return {end for found in by_split.values() for end in (found.minimum, found.maximum)}


def _ridge(
    split: str, found: Numeric, outline: Outline, row: int, scale: float
) -> list[Mapping[str, Any]]:
    """The density as an area on the line `row`, and the median as a dot."""
    colour = split_style.COLOURS[split]
    xs, ys = outline
    area = {
        "type": "scatter",
        "mode": "lines",
        "x": [_rounded(x) for x in xs],
        "y": [_rounded(row + scale * y) for y in ys],
        "line": {"color": colour, "width": 1.5},
        "fill": "toself",
        "fillcolor": f"{colour}/0.3",
        "hoverinfo": "skip",
    }
    dot = {
        "type": "scatter",
        "mode": "markers",
        "x": [_rounded(found.median)],
        "y": [row],
        "marker": {"color": colour, "size": 9, "line": {"color": charts.PANEL, "width": 1}},
        "hovertemplate": f"{split}: median %{{x:.4g}}<extra></extra>",
        "cliponaxis": False,
    }
    return [area, dot]


def _outline(found: Numeric, bar: float) -> Outline:
    """The histogram as a line around its bars, of area 1; one value alone gets a bar so wide."""
    total = sum(bucket.count for bucket in found.buckets) or 1.0
    xs: list[float] = []
    ys: list[float] = []
    for bucket in found.buckets:
        low, high = bucket.low, bucket.high
        if high <= low:
            low, high = low - bar / 2, low + bar / 2
        density = bucket.count / total / (high - low)
        xs += [low, high]
        ys += [density, density]
    return ([xs[0], *xs, xs[-1]], [0.0, *ys, 0.0]) if xs else ([], [])


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
