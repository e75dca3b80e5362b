"""The page of two runs side by side."""

import pathlib
from collections.abc import Collection, Mapping
from typing import Any, Final

from pipeline.dashboards import headline
from pipeline.dashboards.comparison import changes, outcomes, pairs, slices, wording
from pipeline.dashboards.errors import NothingRecordedError
from pipeline.dashboards.index import entries
from pipeline.dashboards.pages import Content
from pipeline.dashboards.run import commands
from pipeline.dashboards.sources import RunSources
from pipeline.lineage import comparison, run_facts
from pipeline.lineage.comparison import Comparison
from pipeline.lineage.run_facts import RunFacts
from schemas import erased

_MIN_SLICE_VIDEOS: Final = "evaluation.min_slice_videos"


def content(before: RunSources, after: RunSources) -> Content:
    """What the page shows.

    Raises:
      NothingRecordedError: ML Metadata does not know one of the runs.
    """
    old, new = _facts(before), _facts(after)
    found = comparison.compare(old, new)
    min_videos = max(int(facts.configuration.get(_MIN_SLICE_VIDEOS, 0)) for facts in (old, new))
    by_slice = slices.of_runs(found.metrics, before.summary, after.summary, min_videos)
    both = (entries.of_sources(before), entries.of_sources(after))
    has_slices = bool(by_slice.changes)
    values: Mapping[str, Any] = {
        "before": outcomes.side(both[0]),
        "after": outcomes.side(both[1]),
        "verdict": wording.verdict(found, old, new),
        "changed": wording.changed(found),
        "metrics": [metric.title for metric in headline.HEADLINES],
        "metric_group": pairs.METRIC,
        "overall": slices.overall_table(by_slice, old.name, new.name),
        "pairs": pairs.chart(by_slice, old.name, new.name) if has_slices else None,
        "slices": slices.slice_table(by_slice, old.name, new.name) if has_slices else None,
        "chance": _chance(found),
        "outcomes": outcomes.table(*both),
        "gates": changes.gates(before.summary["gates"], after.summary["gates"]),
        "command": commands.lineage(after, "diff", found.before, found.after),
        **_changes(found, old, new, _erased(after.output, old, new)),
    }
    return Content(template="comparison.html", values=values)


def _facts(sources: RunSources) -> RunFacts:
    if sources.store is None:
        raise NothingRecordedError(
            f"no records of {sources.run_id}: two runs can be compared where ML Metadata knows"
            " both; check metadata.* in the configuration"
        )
    return run_facts.of_run(sources.store, sources.run_id, sources.output)


def _erased(output: pathlib.Path, *both: RunFacts) -> frozenset[str]:
    """Videos of the manifests that no page names any more."""
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
    """How many figures are apart, of how many: with many, some always are."""
    shown = [change for change in found.metrics if change.metric in wording.BY_NAME]
    compared = [change for change in shown if change.intervals_overlap is not None]
    apart = sum(change.intervals_overlap is False for change in compared)
    if not compared:
        return ""
    return (
        f"Of {len(compared):,} pairs of figures that have intervals, {apart:,} are apart. Among"
        " many pairs some come apart by chance: read a single slice as a hint, not as a finding."
    )
