"""The page of two runs side by side."""

import dataclasses
import pathlib
from collections.abc import Collection, Mapping
from typing import Any, Final

from pipeline.dashboards import pages, tables
from pipeline.dashboards.comparison import changes, judgement, slices
from pipeline.dashboards.index import entries, run_table
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.pages import Content
from pipeline.dashboards.run import configuration
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Cell, Column, Row, Table, Tone
from pipeline.lineage import comparison
from pipeline.lineage.comparison import Comparison, RunFacts
from pipeline.runs import words
from schemas import erased
from schemas.errors import DashboardError

ROOT: Final = "../"  # of the site, from the folder of comparisons

_SHOWN_REASONS: Final = 3

_MIN_SLICE_VIDEOS: Final = "evaluation.min_slice_videos"


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
        href=f"{ROOT}{pages.address_of_run(run.run_id)}",
        date=f"{run.started:%d %B %Y, %H:%M} UTC",
        outcome=run_table.status_of(run),
        tone=run_table.tone_of(run),
    )


def outcome_table(before: Entry, after: Entry) -> Table:
    """How each of the two runs ended."""
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


def content(before: RunSources, after: RunSources) -> Content:
    """What the page shows.

    Raises:
      DashboardError: `nothing_recorded`: ML Metadata does not know one of the runs.
    """
    old, new = _facts(before), _facts(after)
    found = comparison.compare(old, new)
    min_videos = max(int(facts.configuration.get(_MIN_SLICE_VIDEOS, 0)) for facts in (old, new))
    by_slice = slices.of_runs(found.metrics, before.report, after.report, min_videos)
    both = (entries.of_sources(before), entries.of_sources(after))
    has_slices = bool(by_slice.changes)
    values: Mapping[str, Any] = {
        "before": side(both[0]),
        "after": side(both[1]),
        "judgement": judgement.judge(found, old, new),
        "changed": judgement.changed(found),
        "metrics": [metric.title for metric in tables.HEADLINES],
        "metric_group": slices.METRIC,
        "overall": slices.overall_table(by_slice, old.name, new.name),
        "pairs": slices.chart(by_slice, old.name, new.name) if has_slices else None,
        "slices": slices.slice_table(by_slice, old.name, new.name) if has_slices else None,
        "chance": _chance(found),
        "outcomes": outcome_table(*both),
        "gates": changes.gates(before.report, after.report),
        "command": configuration.lineage_commands(after, "diff", found.before, found.after),
        **_changes(found, old, new, _erased(after.output, old, new)),
    }
    return Content(template="comparison.html", values=values)


def _facts(sources: RunSources) -> RunFacts:
    if sources.store is None:
        raise DashboardError(
            "nothing_recorded",
            f"no records of {sources.run_id}: two runs can be compared where ML Metadata knows"
            " both; check metadata.* in the configuration",
        )
    return comparison.facts_of_run(sources.store, sources.run_id, sources.output)


def _erased(output: pathlib.Path, *both: RunFacts) -> frozenset[str]:
    """Keys of videos in the manifests that were erased, which no page may name."""
    gone = erased.ErasedKeys(erased.read(output / erased.FILE_NAME))
    records = (record for facts in both for record in facts.videos.values())
    return frozenset(record.key for record in records if gone.covers(record))


def _changes(
    found: Comparison, old: RunFacts, new: RunFacts, hidden: Collection[str]
) -> Mapping[str, Any]:
    return {
        "video_counts": changes.video_counts(found, old, new),
        "videos": changes.video_list(found, old, new, hidden),
        "num_unchanged": found.videos.num_unchanged,
        "settings": changes.settings(found),
        "incomplete": found.incomplete,
    }


def _chance(found: Comparison) -> str:
    """How many pairs of intervals are apart, in words: among many, some are by chance."""
    shown = [change for change in found.metrics if change.metric in judgement.BY_NAME]
    compared = [change for change in shown if change.intervals_overlap is not None]
    apart = sum(change.intervals_overlap is False for change in compared)
    if not compared:
        return ""
    return (
        f"Of {len(compared):,} pairs of figures that have intervals, {apart:,} are apart. Among"
        " many pairs some come apart by chance: read a single slice as a hint, not as a finding."
    )
