"""The table of all runs."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Final

from pipeline.dashboards import headline, tables
from pipeline.dashboards.headline import Headline
from pipeline.dashboards.index import entries
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.index.links import Links
from pipeline.dashboards.tables import Cell, Column, Row, Table, Tone
from pipeline.lineage import words
from pipeline.reports import run_report

_TONES: Final[dict[str, Tone]] = {
    run_report.PUSHED: "good",
    run_report.NOT_BLESSED: "bad",
    run_report.FAILED: "bad",
    run_report.INTERRUPTED: "warn",
    entries.RUNNING: "warn",
}
_STATUS: Final = {
    run_report.PUSHED: "pushed",
    run_report.NOT_BLESSED: "not pushed",
    run_report.FAILED: "failed",
    run_report.INTERRUPTED: "interrupted",
    run_report.PARTIAL: "ran in part",
    entries.RUNNING: "running",
}
_SHOWN: Final = (headline.AUC, headline.BALANCED_ACCURACY)
_MILLISECONDS: Final = 1000


def of_runs(runs: Sequence[Entry], links: Links, tainted: Collection[str]) -> Table:
    """All runs, the newest first.

    Args:
      runs: Oldest first.
      links: To the pages that are written.
      tainted: Versions that learnt from a video that was erased later.
    """
    several = len({run.pipeline for run in runs}) > 1
    # Where all of them carry a notice it stands above the page.
    marked = {run.run_id for run in runs if run.notice}
    marked = marked if len(marked) < len(runs) else set()
    columns = [
        Column(title="Run"),
        *([Column(title="Pipeline")] if several else []),
        Column(title="Started", kind="number", help="UTC"),
        Column(title="Took", kind="number"),
        Column(title="Outcome", help="And the first reason where nothing was pushed."),
        Column(title="Version", help="Number of the version that was pushed."),
        Column(title="Videos", kind="number", help="Videos that came in."),
        *(Column(title=metric.title, kind="number", help=metric.help) for metric in _SHOWN),
        Column(title="Changes", help="With the last evaluated run of the same pipeline before it."),
    ]
    rows = [
        Row(
            id=row_id(run.run_id),
            cells=[
                Cell(text=run.run_id, href=links.run(run.run_id)),
                *([tables.text(run.pipeline)] if several else []),
                Cell(text=f"{run.started:%Y-%m-%d %H:%M}", sort=run.started.timestamp()),
                _took(run),
                _outcome(run, run.run_id in marked),
                _version(run, tainted),
                tables.number(run.num_videos),
                *(_without_drawing(estimate_cell(run, metric)) for metric in _SHOWN),
                _comparison(run, runs, links),
            ],
        )
        for run in reversed(runs)
    ]
    return Table(
        caption="All runs, the newest first",
        columns=columns,
        rows=rows,
        is_searchable=True,
        hides_caption=True,
    )


def row_id(run_id: str) -> str:
    """Id of a run's row; the script of the page finds the run by it."""
    return f"run-{run_id}"


def status_of(run: Entry) -> str:
    """How a run ended, in words."""
    return _STATUS[run.status]


def tone_of(run: Entry) -> Tone:
    """The tone of these words."""
    return _TONES.get(run.status, "")


def estimate_cell(run: Entry, metric: Headline) -> Cell:
    """A metric of a run with its interval; a dash where it has none."""
    found = run.metrics.get(metric.name)
    if found is None:
        return tables.number(None)
    return tables.estimate(found.value, found.lower, found.upper)


def _without_drawing(cell: Cell) -> Cell:
    return dataclasses.replace(cell, interval=None)


def _took(run: Entry) -> Cell:
    began = round(run.started.timestamp() * _MILLISECONDS)
    ended = began + round(run.seconds * _MILLISECONDS)
    return Cell(text=words.duration(began, ended), sort=run.seconds)


def _outcome(run: Entry, is_marked: bool) -> Cell:
    # Of an interrupted run the only reason is that it was.
    reasons = () if run.status == run_report.INTERRUPTED else run.reasons
    notes = [*reasons[:1], *(["with a notice"] if is_marked else [])]
    if len(reasons) > 1:
        notes.insert(1, f"and {len(reasons) - 1} more")
    return Cell(text=status_of(run), tone=tone_of(run), note="; ".join(notes))


def _version(run: Entry, tainted: Collection[str]) -> Cell:
    if not run.version:
        return Cell(text=tables.UNDEFINED, tone="faint")
    note = "tainted by an erasure" if run.version in tainted else ""
    return Cell(text=run.version, note=note, tone="warn" if note else "")


def _comparison(run: Entry, runs: Sequence[Entry], links: Links) -> Cell:
    former = entries.predecessor(runs, run.run_id)
    address = links.comparison(former.run_id, run.run_id) if former else ""
    return Cell(text="changes" if address else "", href=address)
