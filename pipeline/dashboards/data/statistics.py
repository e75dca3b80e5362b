"""TFDV's statistics of track examples as plain values, and what each feature means in plain words.

The unit is the face track; of a feature with a value per frame it is the frame.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from tensorflow_metadata.proto.v0 import statistics_pb2

from schemas import features, taxonomy

BY_FRAME: Final = (features.FRAME_TIMES, features.FRAME_PRESENT)
NUMERIC: Final = (*features.NUMERIC_KEYS, features.FRAME_TIMES)
# What 0 and 1 stand for.
BINARY: Final = {
    features.FRAME_PRESENT: ("filler", "face"),
    features.IS_FAKE: (taxonomy.REAL, taxonomy.FAKE),
}
CATEGORICAL: Final = (*BINARY, *features.SLICE_KEYS)
# Identifiers and frames: pages show counts of their values, never a value.
OPAQUE: Final = (
    features.RECORD_KEY,
    features.VIDEO_KEY,
    features.PREPROCESSING_HASH,
    features.TRACK_FRAMES,
)
BySplit = Mapping[str, statistics_pb2.DatasetFeatureStatistics]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wording:
    """A feature's name for readers, what its values are, and their unit (empty for none)."""

    title: str
    meaning: str
    unit: str = ""


FEATURES: Final[Mapping[str, Wording]] = {
    features.MEDIAN_FACE_PIXELS: Wording(
        title="Face size",
        meaning="Geometric mean of the sides of the face box, median over the track.",
        unit="pixels",
    ),
    features.CROP_SHARPNESS: Wording(
        title="Sharpness",
        meaning="Variance of the Laplacian of the crops, median over the track; blur lowers it.",
        unit="variance",
    ),
    features.DETECTOR_CONFIDENCE: Wording(
        title="Confidence of the face detector",
        meaning="Mean over the frames of the track.",
    ),
    features.SOURCE_FPS: Wording(
        title="Frame rate", meaning="Of the video file.", unit="frames per second"
    ),
    features.FRAME_TIMES: Wording(
        title="Time of the frames",
        meaning="From the start of the video; one value per sampled frame.",
        unit="seconds",
    ),
    features.FRAME_PRESENT: Wording(
        title="Frames that show the face",
        meaning="A filler stands where the face was not found; the model masks it.",
    ),
    features.IS_FAKE: Wording(title="Label", meaning="Of the video that a track is of."),
    features.MANIPULATION_METHOD: Wording(
        title="Manipulation method", meaning="As the manifest names it."
    ),
    features.MANIPULATION_TYPE: Wording(
        title="Manipulation type", meaning="Family of the method; none for pristine videos."
    ),
    features.DATASET_NAME: Wording(title="Dataset", meaning="Collection that a video is of."),
    features.COMPRESSION_LEVEL: Wording(
        title="Compression level", meaning="As the dataset names it."
    ),
    features.CONTEXT: Wording(title="Context", meaning="Where such a video would be met."),
    features.VIDEO_CODEC: Wording(title="Codec", meaning="Of the video stream."),
    features.FACE_SIZE_BUCKET: Wording(
        title="Face size class", meaning="Small, medium or large, by the size in pixels."
    ),
    features.RESOLUTION_BUCKET: Wording(
        title="Resolution class", meaning="By the shorter side of the picture."
    ),
    features.RECORD_KEY: Wording(title="Key of the video", meaning="Identifies a manifest row."),
    features.VIDEO_KEY: Wording(title="Key of the track", meaning="Identifies an example."),
    features.PREPROCESSING_HASH: Wording(
        title="Preprocessing hash", meaning="One value only: all crops were made alike."
    ),
    features.TRACK_FRAMES: Wording(title="Face crops", meaning="JPEG bytes, one value per frame."),
}


def title_of(key: str) -> str:
    """The name of a feature for readers; its key if there is none."""
    found = FEATURES.get(key)
    return found.title if found else key


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bucket:
    """How many values lie in [low, high)."""

    low: float
    high: float
    count: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Numeric:
    """One feature in one split.

    Attributes:
      count: Number of values.
      missing: Tracks without a value.
      mean: Mean of the values, in the unit of the feature.
      std: Standard deviation of the values.
      minimum: Least value.
      median: Median of the values, estimated by TFDV's quantile sketch.
      maximum: Greatest value.
      zeros: Number of values that are 0.
      buckets: TFDV's histogram of equal widths, which it estimates from quantiles.
    """

    count: int
    missing: int
    mean: float
    std: float
    minimum: float
    median: float
    maximum: float
    zeros: int
    buckets: tuple[Bucket, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Categorical:
    """One feature in one split: how often each value appears, and tracks without one."""

    counts: Mapping[str, int]
    missing: int

    @property
    def count(self) -> int:
        """Number of values."""
        return sum(self.counts.values())

    def share(self, value: str) -> float:
        """Share of the values that are `value`, in [0, 1]."""
        return self.counts.get(value, 0) / self.count if self.count else 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Opaque:
    """One feature in one split whose values are counted, but never shown.

    Attributes:
      count: Number of values.
      missing: Tracks without a value.
      distinct: Number of different values, estimated by TFDV's sketch.
      mean_bytes: Mean length of a value, in bytes.
    """

    count: int
    missing: int
    distinct: int
    mean_bytes: float


def numeric(splits: BySplit, key: str) -> dict[str, Numeric]:
    """A numeric feature by split; empty if no split has it."""
    return {split: _numeric(found) for split, found in _feature(splits, key).items()}


def categorical(splits: BySplit, key: str) -> dict[str, Categorical]:
    """A feature with few values by split; `BINARY` names the values of binary ones."""
    return {
        split: _binary(found, *BINARY[key]) if key in BINARY else _strings(found)
        for split, found in _feature(splits, key).items()
    }


def opaque(splits: BySplit, key: str) -> dict[str, Opaque]:
    """An identifier or the frames, by split."""
    return {split: _opaque(found) for split, found in _feature(splits, key).items()}


def _feature(splits: BySplit, key: str) -> dict[str, Any]:
    found = {}
    for split, dataset in splits.items():
        for feature in dataset.features:
            if list(feature.path.step) == [key]:
                found[split] = feature
    return found


def _numeric(feature: statistics_pb2.FeatureNameStatistics) -> Numeric:
    stats = feature.num_stats
    kind = statistics_pb2.Histogram.STANDARD
    histogram = next((one for one in stats.histograms if one.type == kind), None)
    return Numeric(
        count=stats.common_stats.tot_num_values,
        missing=stats.common_stats.num_missing,
        mean=stats.mean,
        std=stats.std_dev,
        minimum=stats.min,
        median=stats.median,
        maximum=stats.max,
        zeros=stats.num_zeros,
        buckets=tuple(
            Bucket(low=one.low_value, high=one.high_value, count=one.sample_count)
            for one in (histogram.buckets if histogram else ())
        ),
    )


def _strings(feature: statistics_pb2.FeatureNameStatistics) -> Categorical:
    stats = feature.string_stats
    # TFDV keeps the 1,000 most frequent values here, and only 20 as top values.
    counts = {one.label: round(one.sample_count) for one in stats.rank_histogram.buckets}
    return Categorical(counts=counts, missing=stats.common_stats.num_missing)


def _binary(feature: statistics_pb2.FeatureNameStatistics, zero: str, one: str) -> Categorical:
    stats = feature.num_stats
    total, zeros = stats.common_stats.tot_num_values, stats.num_zeros
    counts = {zero: zeros, one: total - zeros}
    return Categorical(
        counts={value: count for value, count in counts.items() if count},
        missing=stats.common_stats.num_missing,
    )


def _opaque(feature: statistics_pb2.FeatureNameStatistics) -> Opaque:
    stats = feature.string_stats
    return Opaque(
        count=stats.common_stats.tot_num_values,
        missing=stats.common_stats.num_missing,
        distinct=stats.unique,
        mean_bytes=stats.avg_length,
    )
