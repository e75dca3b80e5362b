"""Every metric of every slice in both runs, as tables."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.dashboards import tables
from pipeline.dashboards.comparison import wording
from pipeline.dashboards.headline import HEADLINES
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.evaluation.summary import OVERALL
from pipeline.lineage.comparison import MetricChange
from pipeline.lineage.run_facts import Interval


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slices:
    """The slices of two runs.

    Attributes:
      changes: By slice and metric, in the order of the evaluation.
      sizes: Fakes and reals by slice, of the later run where it has the slice.
      small: Slices with too few videos to rest anything on.
    """

    changes: Mapping[str, Mapping[str, MetricChange]]
    sizes: Mapping[str, tuple[int, int]]
    small: frozenset[str]


def of_runs(
    metrics: Iterable[MetricChange],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    min_videos: int,
) -> Slices:
    """Gathers them.

    Args:
      metrics: Of the comparison.
      before: Report of the earlier run.
      after: Report of the later run.
      min_videos: Least videos of each class that a slice has any of.
    """
    changes: dict[str, dict[str, MetricChange]] = {}
    for change in metrics:
        if change.metric in wording.BY_NAME:
            changes.setdefault(change.slice_name, {})[change.metric] = change
    both = (_sizes(before), _sizes(after))
    small = {
        name
        for sizes in both
        for name, classes in sizes.items()
        if name != OVERALL and any(0 < size < min_videos for size in classes)
    }
    return Slices(changes=changes, sizes=both[0] | both[1], small=frozenset(small))


def _sizes(report: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    metrics = report["metrics"] or {}
    found = [metrics.get("overall"), *metrics.get("slices", ())]
    return {
        entry["name"]: (entry["num_fake_videos"], entry["num_real_videos"])
        for entry in found
        if entry
    }


def overall_table(slices: Slices, before: str, after: str) -> Table:
    """The headline metrics over all test videos."""
    found = slices.changes.get(OVERALL, {})
    return Table(
        caption="Over all test videos of each run",
        columns=[Column(title="Metric"), *_pair_columns(before, after)],
        rows=[
            Row(cells=[Cell(text=metric.title, note=metric.help), *_pair(found[metric.name])])
            for metric in HEADLINES
            if metric.name in found
        ],
        is_sortable=False,
    )


def slice_table(slices: Slices, before: str, after: str) -> Table:
    """All metrics of all slices."""
    return Table(
        caption="Every headline metric of every slice",
        columns=[
            Column(title="Slice"),
            Column(title="Videos", kind="number", help="Test videos: fake + real."),
            Column(title="Metric"),
            *_pair_columns(before, after),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(name),
                    _size(slices, name),
                    tables.text(metric.title),
                    *_pair(changes[metric.name]),
                ],
                is_faint=name in slices.small,
            )
            for name, changes in slices.changes.items()
            if name != OVERALL
            for metric in HEADLINES
            if metric.name in changes
        ],
        is_searchable=True,
        hides_caption=True,
    )


def _size(slices: Slices, name: str) -> Cell:
    if name not in slices.sizes:
        return tables.number(None)
    fakes, reals = slices.sizes[name]
    return Cell(text=f"{fakes} + {reals}", sort=fakes + reals)


def _pair_columns(before: str, after: str) -> list[Column]:
    return [
        Column(title="Before", kind="number", help=f"Run {before}, with its interval."),
        Column(title="After", kind="number", help=f"Run {after}, with its interval."),
        Column(title="Difference", kind="number", help="After minus before."),
        Column(
            title="Intervals",
            help="Apart: they have no value in common. Overlapping: cannot be told.",
        ),
    ]


def _pair(change: MetricChange) -> list[Cell]:
    return [
        _estimate(change.before),
        _estimate(change.after),
        _difference(change),
        _reading(change),
    ]


def _estimate(found: Interval | None) -> Cell:
    if found is None:
        return tables.number(None)
    return tables.estimate(found.value, found.lower, found.upper)


def _difference(change: MetricChange) -> Cell:
    if change.difference is None:
        return tables.number(None)
    shown = f"{change.difference:+.3f}"
    is_nothing = shown in ("+0.000", "-0.000")
    return Cell(
        text="0" if is_nothing else shown.replace("-", "\N{MINUS SIGN}"), sort=change.difference
    )


def _reading(change: MetricChange) -> Cell:
    if change.before is None or change.after is None:
        return Cell(text="only after" if change.after else "only before", tone="faint")
    if wording.is_better(change):
        return Cell(text="apart: better", tone="good")
    if wording.is_worse(change):
        return Cell(text="apart: worse", tone="bad")
    if change.difference == 0:
        return Cell(text="the same", tone="faint")
    if change.intervals_overlap is None:
        return Cell(text="no interval", tone="faint")
    return Cell(text="overlap: cannot be told", tone="faint")
