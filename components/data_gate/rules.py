"""The blocking rules of DataGate: one pure function each, from facts and limits to an outcome.

A connected component lies in two splits exactly when one of its edges does, so it is enough to
look at every name that binds videos: no graph is built here.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from components.data_gate.facts import Facts
from components.data_gate.settings import GateLimits
from schemas import taxonomy
from schemas.dead_letter import ERASED
from schemas.video_record import VideoRecord

_SHOWN = 10


def names_in_two_splits(records: Sequence[VideoRecord]) -> list[str]:
    """Names that appear in more than one split, each with the splits and videos.

    Names are identities (target or source; of the data set unless they hold a `/`), digests of
    files, component ids, and source videos together with the videos made of them.

    Returns:
      A sentence for each name, sorted.
    """
    bound: dict[str, set[VideoRecord]] = collections.defaultdict(set)
    for record in records:
        for name in _names(record):
            bound[name].add(record)
    for record in records:
        # A video is bound by its own names only if another one calls it its source.
        for name in (_source_id(record.dataset, record.video_id), _source_key(record.key)):
            if name in bound:
                bound[name].add(record)
    return sorted(_sentence(name, found) for name, found in bound.items() if _is_split(found))


def _names(record: VideoRecord) -> Iterator[str]:
    for name in (record.target_identity, record.source_identity):
        if name:
            yield f"identity {name if '/' in name else f'{record.dataset}/{name}'}"
    if record.source_video:
        yield _source_id(record.dataset, record.source_video)
    if record.source_video and record.source_video.count("/") >= 2:
        yield _source_key(record.source_video)
    yield f"file {record.digest}"
    yield f"component {record.component_id}"


def _source_id(dataset: str, video_id: str) -> str:
    return f"source video {video_id!r} of {dataset}"


def _source_key(key: str) -> str:
    return f"source video {key}"


def _is_split(records: set[VideoRecord]) -> bool:
    return len({record.split for record in records}) > 1


def _sentence(name: str, records: set[VideoRecord]) -> str:
    example = {record.split: record.key for record in sorted(records, key=lambda r: r.key)}
    places = ", ".join(f"{split} ({key})" for split, key in sorted(example.items()))
    return f"{name} is in {places}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one rule found.

    Attributes:
      rule: Its name.
      passed: Whether the data may go on.
      value: What was measured.
      limit: What it was measured against.
      offenders: What breaks the rule, all of it; empty where the rule passed.
      advice: What to do about offenders.
    """

    rule: str
    passed: bool
    value: float
    limit: float
    offenders: tuple[str, ...]
    advice: str

    def __str__(self) -> str:
        shown = list(self.offenders[:_SHOWN])
        if len(self.offenders) > _SHOWN:
            shown.append(f"and {len(self.offenders) - _SHOWN} more")
        lines = "".join(f"\n    - {offender}" for offender in shown)
        return f"{self.rule}: {self.value:g}, limit {self.limit:g}. {self.advice}{lines}"


def blocking_anomalies(facts: Facts, limits: GateLimits) -> Outcome:
    """No anomaly of a blocking severity, except in features that are allowed to have one."""
    offenders = tuple(
        f"{found.split}: {found.feature or 'data set'}: {found.severity}: {found.description}"
        for found in facts.anomalies
        if found.severity in limits.blocking_severities
        and found.feature not in limits.allowed_anomalies
    )
    return _none_allowed(
        "blocking_anomalies", offenders, "Correct the data, the schema, or gate.allowed_anomalies"
    )


def dead_letter_ratio(facts: Facts, limits: GateLimits) -> Outcome:
    """Not too many rows of the manifest were left out, by validation and extraction together.

    Erased ones do not count: they are left out on purpose.
    """
    counted = [letter for letter in facts.letters if letter.code != ERASED]
    num_rows = facts.num_rows - (len(facts.letters) - len(counted))
    ratio = len(counted) / num_rows if num_rows else 0.0
    passed = ratio <= limits.max_dead_letter_ratio
    by_code = collections.Counter(letter.code for letter in counted)
    counts = ", ".join(f"{code} {count}" for code, count in sorted(by_code.items()))
    letters = tuple(f"{x.record_key}: {x.code}: {x.message}" for x in counted)
    return Outcome(
        rule="dead_letter_ratio",
        passed=passed,
        value=ratio,
        limit=limits.max_dead_letter_ratio,
        offenders=() if passed else letters,
        advice=f"{len(counted)} of {num_rows} rows were left out ({counts or 'none'}): "
        "correct or remove them, or raise gate.max_dead_letter_ratio",
    )


def videos_per_class(facts: Facts, limits: GateLimits) -> Outcome:
    """Every split still holds enough videos of each class after extraction."""
    is_fake = {record.key: record.is_fake for record in facts.records}
    videos = {(track.split, track.record_key) for track in facts.tracks}
    counts = collections.Counter(
        (split, taxonomy.FAKE if is_fake[key] else taxonomy.REAL)
        for split, key in videos
        if key in is_fake
    )
    by_part = {(s, c): counts[s, c] for s in taxonomy.SPLITS for c in taxonomy.LABELS}
    offenders = tuple(
        f"{split}: {count} {label} videos with examples"
        for (split, label), count in by_part.items()
        if count < limits.min_videos_per_class
    )
    return Outcome(
        rule="videos_per_class",
        passed=not offenders,
        value=min(by_part.values()),
        limit=limits.min_videos_per_class,
        offenders=offenders,
        advice="Add videos of further people, or lower gate.min_videos_per_class",
    )


def leaking_names(facts: Facts, limits: GateLimits) -> Outcome:
    """No identity, source video, file or component is in two splits."""
    del limits  # there is nothing to allow
    return _none_allowed(
        "leakage",
        tuple(names_in_two_splits(facts.records)),
        "Splits must be independent: run VideoValidator again; if this comes back, report a bug",
    )


def misplaced_examples(facts: Facts, limits: GateLimits) -> Outcome:
    """Every example is of an accepted video and in that video's split."""
    del limits
    split_of = {record.key: record.split for record in facts.records}
    offenders = tuple(
        f"{track.video_key} is in {track.split}, its video in {split_of.get(track.record_key)}"
        for track in facts.tracks
        if split_of.get(track.record_key) != track.split
    )
    return _none_allowed(
        "misplaced_examples",
        offenders,
        "Run FrameExtractor again; if this comes back, report a bug",
    )


def lost_examples(facts: Facts, limits: GateLimits) -> Outcome:
    """StatisticsGen saw as many examples in each split as the track index lists."""
    del limits
    listed = collections.Counter(track.split for track in facts.tracks)
    offenders = tuple(
        f"{split}: {listed[split]} examples written, {facts.num_examples.get(split, 0)} read"
        for split in taxonomy.SPLITS
        if listed[split] != facts.num_examples.get(split, 0)
    )
    return _none_allowed(
        "lost_examples", offenders, "Example files are missing or torn: run FrameExtractor again"
    )


def _none_allowed(rule: str, offenders: tuple[str, ...], advice: str) -> Outcome:
    return Outcome(
        rule=rule,
        passed=not offenders,
        value=len(offenders),
        limit=0,
        offenders=offenders,
        advice=advice,
    )


ALL: Final[tuple[Callable[[Facts, GateLimits], Outcome], ...]] = (
    blocking_anomalies,
    dead_letter_ratio,
    videos_per_class,
    leaking_names,
    misplaced_examples,
    lost_examples,
)
