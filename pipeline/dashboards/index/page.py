"""The page of all runs: where each pipeline stands, trends, and a table."""

import dataclasses
import pathlib
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from components.guarded_pusher import keys as pusher_keys
from pipeline.dashboards import tables
from pipeline.dashboards.index import run_table, trends
from pipeline.dashboards.index.entries import Entry, Runs
from pipeline.dashboards.index.run_table import Links
from pipeline.dashboards.pages import Content
from pipeline.dashboards.tables import Tone
from pipeline.lineage.store import Store
from pipeline.runs import words
from pipeline.runs.folders import DashboardFolder
from schemas import erased, names

_COMMAND = "deepfake dashboard"


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
      pipeline: Name of the pipeline.
      last: The last run of the pipeline.
      pushed: The last run that pushed; None if none did.
      version: The version that was pushed last; empty if none was.
      figures: Label, value and note of the figures of that version over its test videos.
      runs: Number of runs of the pipeline and how they ended, in words.
    """

    pipeline: str
    last: Mention
    pushed: Mention | None
    version: str
    figures: tuple[tuple[str, str, str], ...]
    runs: str


def standings(runs: Sequence[Entry], links: Links) -> tuple[Standing, ...]:
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
    for metric in (tables.AUC, tables.BALANCED_ACCURACY):
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


def content(output: pathlib.Path, found: Runs, store: Store | None) -> Content:
    """What the page shows.

    Args:
      output: The output folder.
      found: The runs below it.
      store: ML Metadata; None where nothing is recorded yet.
    """
    runs, site = found.entries, DashboardFolder.below(output)
    links = Links(site)
    is_evaluated = any(run.metrics for run in runs)
    has_videos = any(run.num_videos is not None for run in runs)
    values: Mapping[str, Any] = {
        "standings": standings(runs, links),
        "unreadable": [str(error) for error in found.unreadable],
        "metrics": [metric.title for metric in tables.HEADLINES],
        "metric_group": trends.METRIC,
        "trend": trends.metric_trend(runs, links) if is_evaluated else None,
        "videos": trends.video_counts(runs, links) if has_videos else None,
        "runs": run_table.of_runs(runs, links, _tainted(store)) if runs else None,
        "chooser": _chooser(site, output, runs),
        "build": f"{_COMMAND}{_option(output)}",
    }
    return Content(template="index.html", values=values)


def notice(runs: Sequence[Entry]) -> str:
    """What must be said of the figures of the runs; empty if nothing."""
    said = {run.notice for run in runs if run.notice}
    if not said:
        return ""
    if len(said) == 1 and all(run.notice for run in runs):
        return said.pop()
    counted = sum(bool(run.notice) for run in runs)
    return f"Of {counted} of {len(runs)} runs, marked “with a notice”: {' '.join(sorted(said))}"


def _tainted(store: Store | None) -> Collection[str]:
    """Versions that learnt from a video that was erased later."""
    pushed = store.artifacts_by_type(names.PUSHED_MODEL) if store else ()
    return frozenset(
        str(artifact.properties.get(pusher_keys.PUSHED_VERSION, ""))
        for artifact in pushed
        if artifact.properties.get(erased.TAINTED) == 1
    )


def _chooser(site: DashboardFolder, output: pathlib.Path, runs: Sequence[Entry]) -> Any:
    """What the script of the page needs to let two runs be chosen."""
    return {
        "runs": [run.run_id for run in runs],  # oldest first
        "rows": [run_table.row_id(run.run_id) for run in runs],
        "built": [path.stem for path in site.comparisons()],
        "command": f"{_COMMAND}{_option(output)} --compare",
    }


def _option(output: pathlib.Path) -> str:
    return f" --output {shlex.quote(str(output))}"
