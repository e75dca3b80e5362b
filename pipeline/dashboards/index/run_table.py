"""The table of all runs, and where it leads: only to pages that are written."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from pipeline.dashboards import pages, tables
from pipeline.dashboards.index import entries
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.tables import Cell, Column, Headline, Row, Table, Tone
from pipeline.runs import words
from pipeline.runs.folders import DashboardFolder
from schemas.run_report import Status

_TONES: Final[Mapping[str, Tone]] = {
    Status.PUSHED: "good",
    Status.NOT_BLESSED: "bad",
    Status.FAILED: "bad",
    Status.INTERRUPTED: "warn",
    entries.RUNNING: "warn",
}
_STATUS: Final[Mapping[str, str]] = {
    Status.PUSHED: "pushed",
    Status.NOT_BLESSED: "not pushed",
    Status.FAILED: "failed",
    Status.INTERRUPTED: "interrupted",
    Status.PARTIAL: "ran in part",
    entries.RUNNING: "running",
}
_SHOWN: Final = (tables.AUC, tables.BALANCED_ACCURACY)


@dataclasses.dataclass(frozen=True)
class Links:
    """Addresses relative to the folder of `site`."""

    site: DashboardFolder

    def run(self, run_id: str) -> str:
        """The first page of a run; empty where it is not written."""
        page = self.site.run(run_id) / "index.html"
        return pages.address_of_run(run_id) if page.is_file() else ""

    def comparison(self, before: str, after: str) -> str:
        """The page of two runs; empty where it is not written."""
        is_there = self.site.comparison(before, after).is_file()
        return pages.address_of_comparison(before, after) if is_there else ""


def of_runs(runs: Sequence[Entry], links: Links, tainted: Collection[str]) -> Table:
    """All runs, the newest first.

    Args:
      runs: Runs to list, oldest first.
      links: Addresses of the pages that are written.
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
    """The tone in which the status of a run is shown."""
    return _TONES.get(run.status, "")


def estimate_cell(run: Entry, metric: Headline) -> Cell:
    """A metric of a run with its interval; a dash where it has none."""
    return tables.estimate(run.metrics.get(metric.name))


def _without_drawing(cell: Cell) -> Cell:
    return dataclasses.replace(cell, interval=None)


def _took(run: Entry) -> Cell:
    return Cell(text=words.duration(run.seconds), sort=run.seconds)


def _outcome(run: Entry, is_marked: bool) -> Cell:
    # Of an interrupted run the only reason is that it was.
    reasons = () if run.status == Status.INTERRUPTED else run.reasons
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
