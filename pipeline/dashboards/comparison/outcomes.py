"""How the two runs ended, side by side."""

import dataclasses
from typing import Final

from pipeline.dashboards import addresses, tables
from pipeline.dashboards.index import run_table
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.tables import Cell, Column, Row, Table, Tone
from pipeline.lineage import words

ROOT: Final = "../"  # of the site, from the folder of comparisons

_SHOWN_REASONS: Final = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs, as the top of the page names it."""

    run_id: str
    href: str
    date: str
    outcome: str
    tone: Tone


def side(run: Entry) -> Side:
    """A run as the top of the page names it."""
    return Side(
        run_id=run.run_id,
        href=f"{ROOT}{addresses.of_run(run.run_id)}",
        date=f"{run.started:%d %B %Y, %H:%M} UTC",
        outcome=run_table.status_of(run),
        tone=run_table.tone_of(run),
    )


def table(before: Entry, after: Entry) -> Table:
    """What came of each."""
    runs = (before, after)
    rows = (
        ("Outcome", [_outcome(run) for run in runs]),
        ("Pipeline", [tables.text(run.pipeline) for run in runs]),
        ("Version pushed", [tables.text(run.version or tables.UNDEFINED) for run in runs]),
        ("Videos that came in", [_count(run.num_videos) for run in runs]),
        ("Test videos", [_count(run.num_test_videos) for run in runs]),
        ("Why nothing was pushed", [_reasons(run) for run in runs]),
    )
    return Table(
        caption="How the two runs ended",
        columns=[Column(title=title) for title in ("What", "Before", "After")],
        rows=[Row(cells=[tables.text(title), *cells]) for title, cells in rows],
        is_sortable=False,
        hides_caption=True,
    )


def _outcome(run: Entry) -> Cell:
    return Cell(text=run_table.status_of(run), tone=run_table.tone_of(run))


def _count(number: int | None) -> Cell:
    return tables.text(tables.UNDEFINED if number is None else f"{number:,}")


def _reasons(run: Entry) -> Cell:
    left_out = len(run.reasons) - _SHOWN_REASONS
    note = f"and {words.counted(left_out, 'reason')} more" if left_out > 0 else ""
    return Cell(text="; ".join(run.reasons[:_SHOWN_REASONS]) or tables.UNDEFINED, note=note)
