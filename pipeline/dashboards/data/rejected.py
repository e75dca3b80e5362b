"""Videos that were left out: how many for which reason, and each of them."""

import collections
from collections.abc import Sequence
from typing import Final

from pipeline.dashboards import tables
from pipeline.dashboards.data import meanings
from pipeline.dashboards.data.files import Letters
from pipeline.dashboards.tables import Column, Row, Table
from schemas import taxonomy
from schemas.dead_letter import ERASED

MAX_LETTERS: Final = 400  # listed on the page; the files have them all


def by_code(found: Sequence[Letters]) -> Table | None:
    """One row for each code, the most frequent first; None if nothing was left out."""
    counts = collections.Counter((one.node, letter.code) for one in found for letter in one.letters)
    if not counts:
        return None
    num_rows = max(one.num_inputs for one in found)
    return Table(
        caption=f"Of {num_rows:,} rows of the manifest",
        columns=[
            Column(title="Code"),
            Column(title="Found by"),
            Column(title="Videos", kind="number"),
            Column(title="Share", kind="number", help="Of all rows of the manifest"),
            Column(title="What it means"),
            Column(title="What to do"),
        ],
        rows=[
            _code_row(node, code, count, num_rows)
            for (node, code), count in sorted(counts.items(), key=lambda i: (-i[1], i[0]))
        ],
    )


def listed(found: Sequence[Letters]) -> Table | None:
    """One row for each letter, at most `MAX_LETTERS`; None if there is none."""
    rows = [
        Row(
            cells=[
                tables.text(letter.record_key),
                tables.text(letter.code),
                tables.text(one.node),
                tables.text(_label(letter.is_fake)),
                tables.text(letter.message),
            ]
        )
        for one in found
        for letter in one.letters
    ]
    if not rows:
        return None
    return Table(
        caption="Every video that was left out",
        columns=[
            Column(title="Video", help="Record key, or number of the row"),
            Column(title="Code"),
            Column(title="Found by"),
            Column(title="Label"),
            Column(title="Message"),
        ],
        rows=rows[:MAX_LETTERS],
        is_searchable=True,
        hides_caption=True,
    )


def more(found: Sequence[Letters]) -> str:
    """Where those are that the table leaves out; empty if it has them all."""
    total = num_letters(found)
    if total <= MAX_LETTERS:
        return ""
    folders = " and ".join(str(one.folder) for one in found if one.letters)
    return f"and {total - MAX_LETTERS:,} more; all are in the files of {folders}"


def num_letters(found: Sequence[Letters], *, with_erased: bool = True) -> int:
    """How many videos were left out."""
    return sum(with_erased or letter.code != ERASED for one in found for letter in one.letters)


def _code_row(node: str, code: str, count: int, num_rows: int) -> Row:
    meaning, advice = meanings.LETTERS[code]
    return Row(
        cells=[
            tables.text(code),
            tables.text(node),
            tables.number(count),
            tables.number(100 * count / num_rows if num_rows else None, 1, unit="%"),
            tables.text(meaning),
            tables.text(advice),
        ]
    )


def _label(is_fake: bool | None) -> str:
    if is_fake is None:
        return tables.UNDEFINED
    return taxonomy.FAKE if is_fake else taxonomy.REAL
