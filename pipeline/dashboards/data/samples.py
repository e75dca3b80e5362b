"""Face crops of a few videos of every slice, to show what the slices look like."""

import collections
import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from pipeline.dashboards import frames
from pipeline.dashboards.data import statistics
from pipeline.dashboards.frames import FaceTrack
from pipeline.dashboards.sources import RunSources
from schemas import features, taxonomy
from schemas.video_record import VideoRecord

PER_SLICE: Final = 4
MAX_SLICES: Final = 12  # of one key
# Size classes are known only of extracted tracks: this many more are read to find rare ones.
_FURTHER: Final = 64
_SPLITS: Final = frozenset((taxonomy.Split.TRAIN.value, taxonomy.Split.TEST.value))
_FROM_MANIFEST: Final[Mapping[str, Callable[[VideoRecord], str]]] = {
    features.MANIPULATION_METHOD: lambda record: record.manipulation_method,
    features.MANIPULATION_TYPE: lambda record: record.manipulation_type,
    features.DATASET_NAME: lambda record: record.dataset,
    features.COMPRESSION_LEVEL: lambda record: record.compression_level,
    features.CONTEXT: lambda record: record.context,
    features.VIDEO_CODEC: lambda record: record.codec,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample:
    """One crop: the middle one of a video's track."""

    href: str
    record_key: str
    label: str
    split: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SliceSamples:
    """Crops of one slice."""

    value: str
    samples: Sequence[Sample]


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeySamples:
    """The slices by one key; `more` says how many are not shown."""

    title: str
    slices: Sequence[SliceSamples]
    more: int


def of_slices(sources: RunSources) -> list[KeySamples]:
    """Writes the crops and says where they are; empty where the examples are gone.

    At most one video of each connected component stands for a slice, so that its crops show
    different people; which ones does not change from run to run.
    """
    with_tracks = frames.main_tracks(sources)
    records = {
        key: record
        for key, record in frames.showable(sources).items()
        if key in with_tracks and record.split in _SPLITS
    }
    found = frames.write(sources, _chosen(list(records.values())), per_video=1)
    return [
        _of_key(key, {k: t for k, t in found.items() if t.crops}, records)
        for key in features.SLICE_KEYS
        if found
    ]


def _chosen(records: Sequence[VideoRecord]) -> set[str]:
    ordered = sorted(records, key=_rank)
    chosen = {record.key for record in ordered[:_FURTHER]}
    for value_of in _FROM_MANIFEST.values():
        by_value = collections.defaultdict(list)
        for record in ordered:
            by_value[value_of(record)].append(record)
        for same in by_value.values():
            chosen.update(record.key for record in _different(same))
    return chosen


def _of_key(
    key: str, tracks: Mapping[str, FaceTrack], records: Mapping[str, VideoRecord]
) -> KeySamples:
    by_value = collections.defaultdict(list)
    for record in sorted((records[found] for found in tracks), key=_rank):
        by_value[tracks[record.key].slices[key]].append(record)
    values = sorted(by_value, key=lambda value: (-len(by_value[value]), value))
    return KeySamples(
        title=statistics.title_of(key),
        slices=[
            SliceSamples(
                value=value,
                samples=[_sample(tracks[r.key], r) for r in _different(by_value[value])],
            )
            for value in values[:MAX_SLICES]
        ],
        more=max(0, len(values) - MAX_SLICES),
    )


def _different(records: Iterable[VideoRecord]) -> list[VideoRecord]:
    """The first videos of different connected components."""
    by_component: dict[str, VideoRecord] = {}
    for record in records:
        by_component.setdefault(record.component_id, record)
    return list(by_component.values())[:PER_SLICE]


def _rank(record: VideoRecord) -> str:
    """An order that has nothing to do with names: neighbours in a manifest are alike."""
    return hashlib.sha256(record.key.encode()).hexdigest()


def _sample(track: FaceTrack, record: VideoRecord) -> Sample:
    return Sample(
        href=track.crops[0].href,
        record_key=record.key,
        label=taxonomy.FAKE if record.is_fake else taxonomy.REAL,
        split=track.split,
    )
