"""The features that no chart is drawn of: identifiers, frames, and what never varies."""

from collections.abc import Sequence

from pipeline.dashboards import tables
from pipeline.dashboards.data import category_charts, numeric_charts, statistics, wording
from pipeline.dashboards.data.statistics import BySplit
from pipeline.dashboards.tables import Cell, Column, Row, Table


def table(splits: BySplit) -> Table | None:
    """One row for each such feature; None if there is none."""
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
            rows.append(_row(key, total, missing, distinct, mean, tables.number(None)))
    return rows


def _constant_rows(splits: BySplit) -> list[Row]:
    rows = []
    for key, value in category_charts.constants(splits).items():
        found = statistics.categorical(splits, key).values()
        rows.append(_constant_row(key, value, [(one.count, one.missing) for one in found]))
    for key, value in numeric_charts.constants(splits).items():
        measured = statistics.numeric(splits, key).values()
        rows.append(_constant_row(key, value, [(one.count, one.missing) for one in measured]))
    return rows


def _constant_row(key: str, value: str, counts: Sequence[tuple[int, int]]) -> Row:
    total, missing = (sum(numbers) for numbers in zip(*counts, strict=True))
    return _row(key, total, missing, tables.number(1), tables.number(None), tables.text(value))


def _row(key: str, total: int, missing: int, *others: Cell) -> Row:
    return Row(
        cells=[
            tables.text(wording.title(key)),
            tables.text(key),
            tables.number(total),
            tables.number(missing, tone="warn" if missing else ""),
            *others,
        ]
    )
