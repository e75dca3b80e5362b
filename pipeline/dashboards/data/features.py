"""Charts of the features by split: shares of categories, densities of numbers; a table of the rest.

All rows of a chart have one scale, so that areas compare.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.data import statistics
from pipeline.dashboards.data.statistics import BySplit, Categorical, Numeric
from pipeline.dashboards.tables import Cell, Column, Row, Table
from schemas import taxonomy

# Not the colours of real and fake: those mean something else on the same page.
COLOURS: Final = dict(
    zip(
        taxonomy.SPLITS,
        (charts.FAINT, charts.SERIES[1], charts.SERIES[2], charts.SERIES[3]),
        strict=True,
    )
)
SYMBOLS: Final = dict(
    zip(taxonomy.SPLITS, ("circle", "square-open", "diamond-open", "x-thin-open"), strict=True)
)

MAX_VALUES: Final = 12  # drawn; the table has them all
_ROOM: Final = 0.03  # for the marks on the ends
_ROW_PIXELS: Final = 26
_FRAME_PIXELS: Final = 120

Outline = tuple[Sequence[float], Sequence[float]]  # x, and the density there
_DIGITS: Final = 4  # significant ones
_BAR: Final = 0.05  # of the range of all splits
_FILLED: Final = 0.86  # of a row, by the highest density
_NUMERIC_ROW_PIXELS: Final = 46
_NUMERIC_FRAME_PIXELS: Final = 80
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


def category_charts(splits: BySplit) -> list[Chart]:
    """One chart for each feature that takes more than one value."""
    found = ((key, statistics.categorical(splits, key)) for key in statistics.CATEGORICAL)
    return [_chart(key, by_split) for key, by_split in found if len(values(by_split)) > 1]


def constant_categories(splits: BySplit) -> dict[str, str]:
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
    about, named = statistics.FEATURES[key], values(by_split)
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
    """Thin lines from the least to the greatest share, to show how far the splits differ."""
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
            "symbol": SYMBOLS[split],
            "size": 11,
            "color": COLOURS[split],
            "line": {"width": 2, "color": COLOURS[split]},
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
        caption=f"{statistics.title_of(key)} ({key}): share and number by split",
        columns=[
            Column(title="Value"),
            *(Column(title=split, kind="number") for split in by_split),
        ],
        rows=rows,
        hides_caption=True,
    )


def numeric_charts(splits: BySplit) -> list[Chart]:
    """One chart for each numeric feature that takes more than one value."""
    found = ((key, statistics.numeric(splits, key)) for key in statistics.NUMERIC)
    return [_numeric_chart(key, by_split) for key, by_split in found if len(_ends(by_split)) > 1]


def constant_numbers(splits: BySplit) -> dict[str, str]:
    """The numeric features that have one value everywhere, and that value."""
    found = {key: _ends(statistics.numeric(splits, key)) for key in statistics.NUMERIC}
    return {key: f"{min(ends):.{_DIGITS}g}" for key, ends in found.items() if len(ends) == 1}


def numeric_table(key: str, by_split: Mapping[str, Numeric]) -> Table:
    """Figures of a numeric feature, a row per split."""
    return Table(
        caption=f"{statistics.title_of(key)} ({key}) by split",
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


def _numeric_chart(key: str, by_split: Mapping[str, Numeric]) -> Chart:
    about, names = statistics.FEATURES[key], list(by_split)
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
        table=numeric_table(key, by_split),
        height=_NUMERIC_FRAME_PIXELS + _NUMERIC_ROW_PIXELS * len(names),
    )


def _ends(by_split: Mapping[str, Numeric]) -> set[float]:
    """Least and greatest values of the splits: one alone where nothing varies."""
    return {end for found in by_split.values() for end in (found.minimum, found.maximum)}


def _ridge(
    split: str, found: Numeric, outline: Outline, row: int, scale: float
) -> list[Mapping[str, Any]]:
    """The density as an area on the line `row`, and the median as a dot."""
    colour = COLOURS[split]
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
    """Outline of the histogram, of area 1; a bucket of one single value is drawn `bar` wide."""
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


def feature_table(splits: BySplit) -> Table | None:
    """A table of the features without a chart: opaque and constant ones; None if there are none."""
    rows = [*_opaque_rows(splits), *_constant_rows(splits)]
    if not rows:
        return None
    return Table(
        caption="Values of identifiers and the bytes of frames are not shown",
        columns=[
            Column(title="Feature"),
            Column(title="Key"),
            Column(title="Values", kind="number", help="Over all splits"),
            Column(title="Missing", kind="number", help="Tracks without a value"),
            Column(title="Distinct", kind="number", help="The most in one split, as TFDV counts"),
            Column(title="Mean bytes", kind="number", help="Per value"),
            Column(title="Only value", help="Of features that never vary"),
        ],
        rows=rows,
    )


def _opaque_rows(splits: BySplit) -> list[Row]:
    rows = []
    for key in statistics.OPAQUE:
        found = statistics.opaque(splits, key).values()
        if found:
            total = sum(one.count for one in found)
            num_bytes = sum(one.mean_bytes * one.count for one in found)
            distinct = tables.number(max(one.distinct for one in found))
            mean = tables.number(num_bytes / total if total else None)
            missing = sum(one.missing for one in found)
            rows.append(_opaque_row(key, total, missing, distinct, mean, tables.number(None)))
    return rows


def _constant_rows(splits: BySplit) -> list[Row]:
    rows = []
    for key, value in constant_categories(splits).items():
        found = statistics.categorical(splits, key).values()
        rows.append(_constant_row(key, value, [(one.count, one.missing) for one in found]))
    for key, value in constant_numbers(splits).items():
        measured = statistics.numeric(splits, key).values()
        rows.append(_constant_row(key, value, [(one.count, one.missing) for one in measured]))
    return rows


def _constant_row(key: str, value: str, counts: Sequence[tuple[int, int]]) -> Row:
    total, missing = (sum(numbers) for numbers in zip(*counts, strict=True))
    return _opaque_row(
        key, total, missing, tables.number(1), tables.number(None), tables.text(value)
    )


def _opaque_row(key: str, total: int, missing: int, *others: Cell) -> Row:
    return Row(
        cells=[
            tables.text(statistics.title_of(key)),
            tables.text(key),
            tables.number(total),
            tables.number(missing, tone="warn" if missing else ""),
            *others,
        ]
    )
