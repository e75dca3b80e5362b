"""Where each pipeline stands: what was pushed last, and how the last run ended."""

import dataclasses
from collections.abc import Sequence

from pipeline.dashboards import headline, tables
from pipeline.dashboards.index import run_table
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.index.links import Links
from pipeline.dashboards.tables import Tone
from pipeline.lineage import words


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mention:
    """A run that a sentence names."""

    run_id: str
    href: str
    date: str
    outcome: str
    tone: Tone
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """One pipeline.

    Attributes:
      pipeline: Its name.
      last: Its last run.
      pushed: The last run that pushed; None if none did.
      version: That this one pushed.
      figures: Label, value and note of what that version showed on its test videos.
      runs: How many there are, and how they ended.
    """

    pipeline: str
    last: Mention
    pushed: Mention | None
    version: str
    figures: tuple[tuple[str, str, str], ...]
    runs: str


def of_runs(runs: Sequence[Entry], links: Links) -> tuple[Standing, ...]:
    """Every pipeline among the runs, which are given oldest first; by name."""
    names = sorted({run.pipeline for run in runs})
    return tuple(_of([run for run in runs if run.pipeline == name], links) for name in names)


def _of(runs: Sequence[Entry], links: Links) -> Standing:
    pushed = next((run for run in reversed(runs) if run.is_pushed), None)
    return Standing(
        pipeline=runs[0].pipeline,
        last=_mention(runs[-1], links),
        pushed=_mention(pushed, links) if pushed else None,
        version=pushed.version if pushed else "",
        figures=tuple(_figures(pushed)) if pushed else (),
        runs=_counted(runs),
    )


def _mention(run: Entry, links: Links) -> Mention:
    return Mention(
        run_id=run.run_id,
        href=links.run(run.run_id),
        date=f"{run.started:%d %B %Y, %H:%M} UTC",
        outcome=run_table.status_of(run),
        tone=run_table.tone_of(run),
        reason=run.reasons[0] if run.reasons else "",
    )


def _figures(run: Entry) -> list[tuple[str, str, str]]:
    found = []
    for metric in (headline.AUC, headline.BALANCED_ACCURACY):
        cell = run_table.estimate_cell(run, metric)
        if cell.text != tables.UNDEFINED:
            found.append((metric.title, cell.text, cell.note))
    if run.num_test_videos:
        reals = run.num_test_videos - (run.num_test_fakes or 0)
        split = f"{run.num_test_fakes} fake, {reals} real"
        found.append(("Test videos", f"{run.num_test_videos:,}", split))
    return found


def _counted(runs: Sequence[Entry]) -> str:
    counts: dict[str, int] = {}
    for run in runs:
        outcome = run_table.status_of(run)
        counts[outcome] = counts.get(outcome, 0) + 1
    parts = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return f"{words.counted(len(runs), 'run')}: {parts}"
