"""What changed between two runs, and what it did to each metric."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.lineage.run_facts import Interval, RunFacts
from schemas import taxonomy
from schemas.video_record import VideoRecord


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """One value of the two runs that is not the same; None where a run does not have it."""

    name: str
    before: Any
    after: Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoChanges:
    """Videos by record key.

    Attributes:
      added: Only in the later run.
      removed: Only in the earlier run.
      relabelled: With another label.
      moved: In another split.
      replaced: With other bytes under the same key.
      num_unchanged: In both, and none of the above.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[Change, ...]
    moved: tuple[Change, ...]
    replaced: tuple[Change, ...]
    num_unchanged: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricChange:
    """One metric of one slice.

    Attributes:
      slice_name: `overall`, or `feature key:value`.
      metric: Name of the statistic.
      before: Of the earlier run; None where it is undefined or the slice is missing.
      after: Of the later run; None likewise.
      difference: `after` minus `before`; None where one is missing.
      intervals_overlap: Whether the two intervals have a value in common; None where a bound is
        missing. Intervals that overlap do not show that nothing changed: the test videos may be
        the same, and then the two values are not independent.
    """

    slice_name: str
    metric: str
    before: Interval | None
    after: Interval | None
    difference: float | None
    intervals_overlap: bool | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs side by side; every list is sorted by name and holds changes only.

    Attributes:
      before: Name of the run that is compared with.
      after: Name of the run that is looked at.
      videos: Of the manifests.
      configuration: By dotted key; of a run without its folder, execution properties by node.
      code: Fingerprints by node.
      packages: Versions by package, as the models recorded them.
      metrics: All metrics of all slices, unchanged ones too.
      incomplete: What could not be compared, and why.
    """

    before: str
    after: str
    videos: VideoChanges
    configuration: tuple[Change, ...]
    code: tuple[Change, ...]
    packages: tuple[Change, ...]
    metrics: tuple[MetricChange, ...]
    incomplete: tuple[str, ...]


def compare(before: RunFacts, after: RunFacts) -> Comparison:
    """Compares two runs."""
    return Comparison(
        before=before.name,
        after=after.name,
        videos=_videos(before.videos, after.videos),
        configuration=_configuration(before, after),
        code=_changes(before.code, after.code),
        packages=_changes(before.packages, after.packages),
        metrics=tuple(_metrics(before.metrics, after.metrics)),
        incomplete=tuple(
            f"{facts.name}: {reason}" for facts in (before, after) for reason in facts.missing
        ),
    )


def _videos(before: Mapping[str, VideoRecord], after: Mapping[str, VideoRecord]) -> VideoChanges:
    both = sorted(before.keys() & after.keys())

    def differing(of: Callable[[VideoRecord], str]) -> tuple[Change, ...]:
        values = ((key, of(before[key]), of(after[key])) for key in both)
        return tuple(Change(name=key, before=a, after=b) for key, a, b in values if a != b)

    relabelled = differing(_label)
    moved = differing(lambda record: record.split)
    replaced = differing(lambda record: record.digest)
    changed = {change.name for change in (*relabelled, *moved, *replaced)}
    return VideoChanges(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        relabelled=relabelled,
        moved=moved,
        replaced=replaced,
        num_unchanged=len(both) - len(changed),
    )


def _label(record: VideoRecord) -> str:
    return taxonomy.FAKE if record.is_fake else taxonomy.REAL


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return tuple(Change(name=name, before=a, after=b) for name, a, b in pairs if a != b)


def _configuration(before: RunFacts, after: RunFacts) -> tuple[Change, ...]:
    """Of the run folders where both are there: what ML Metadata keeps has other names."""
    if before.configuration and after.configuration:
        return _changes(before.configuration, after.configuration)
    return _changes(before.parameters, after.parameters)


def _metrics(
    before: Mapping[tuple[str, str], Interval], after: Mapping[tuple[str, str], Interval]
) -> Iterator[MetricChange]:
    # The order of the evaluation: the overall slice first.
    for slice_name, metric in dict.fromkeys((*after, *before)):
        old, new = before.get((slice_name, metric)), after.get((slice_name, metric))
        yield MetricChange(
            slice_name=slice_name,
            metric=metric,
            before=old,
            after=new,
            difference=new.value - old.value if new and old else None,
            intervals_overlap=_overlap(old, new) if new and old else None,
        )


def _overlap(old: Interval, new: Interval) -> bool | None:
    bounds = (old.lower, old.upper, new.lower, new.upper)
    if any(bound is None for bound in bounds):
        return None
    lower, upper, other_lower, other_upper = (bound or 0.0 for bound in bounds)
    return lower <= other_upper and other_lower <= upper
