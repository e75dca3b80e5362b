"""What is known of the tracks of a split before a frame is decoded."""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas import features
from schemas.clip_spec import ClipSpec
from schemas.errors import DeepfakeError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tracks:
    """Keys, labels and masks of the M tracks of a split, in file order.

    Attributes:
      name: Name of the split.
      files: TFRecord files, gzipped.
      clip: Geometry of the tracks.
      record_keys: [M] str, key of the video of each track.
      video_keys: [M] str, key of each track.
      is_fake: [M] bool, whether the video of the track is manipulated.
      present: [M, K, T] float32 in {0, 1}.
      preprocessing_hashes: That the examples carry; see `single_hash`.
      digest: SHA-256 of the examples, whatever their order.
    """

    name: str
    files: tuple[str, ...]
    clip: ClipSpec
    record_keys: npt.NDArray[np.str_]
    video_keys: npt.NDArray[np.str_]
    is_fake: npt.NDArray[np.bool_]
    present: npt.NDArray[np.float32]
    preprocessing_hashes: frozenset[str]
    digest: str

    @property
    def num_clips(self) -> int:
        """M x K."""
        return self.is_fake.size * self.clip.num_clips

    @property
    def clip_labels(self) -> npt.NDArray[np.float32]:
        """[M K] float32 in {0, 1}, clip after clip."""
        return np.repeat(self.is_fake.astype(np.float32), self.clip.num_clips)

    @property
    def clip_present(self) -> npt.NDArray[np.float32]:
        """[M K, T] float32 in {0, 1}."""
        return self.present.reshape(-1, self.clip.num_frames)


def read_tracks(name: str, patterns: Sequence[str], clip: ClipSpec) -> Tracks:
    """Reads labels, keys and masks of a split, in one pass that decodes no frame.

    Args:
      name: Name of the split, for messages.
      patterns: File patterns of gzipped TFRecords of (transformed) track examples.
      clip: Geometry that the examples have.

    Raises:
      DeepfakeError: `missing_class`: There is no pristine or no fake track.
    """
    files = tuple(sorted({path for pattern in patterns for path in tf.io.gfile.glob(pattern)}))
    rows: list[dict[str, Any]] = []
    digests: list[bytes] = []
    for record in records(files).as_numpy_iterator():
        rows.append(parse(tf.constant(record), clip))
        digests.append(hashlib.sha256(record).digest())
    is_fake = np.array([bool(row[features.IS_FAKE]) for row in rows], np.bool_)
    _require_both_classes(name, is_fake)
    present = np.stack([row[features.FRAME_PRESENT] for row in rows]).astype(np.float32)
    return Tracks(
        name=name,
        files=files,
        clip=clip,
        record_keys=np.array([row[features.RECORD_KEY].numpy().decode() for row in rows]),
        video_keys=np.array([row[features.VIDEO_KEY].numpy().decode() for row in rows]),
        is_fake=is_fake,
        present=present.reshape(-1, clip.num_clips, clip.num_frames),
        preprocessing_hashes=frozenset(
            row[features.PREPROCESSING_HASH].numpy().decode() for row in rows
        ),
        digest=hashlib.sha256(b"".join(sorted(digests))).hexdigest(),
    )


def single_hash(splits: Iterable[Tracks]) -> str:
    """The preprocessing hash that all examples of `splits` carry.

    Raises:
      DeepfakeError: `mixed_preprocessing`: They carry several.
    """
    hashes = frozenset[str]().union(*(tracks.preprocessing_hashes for tracks in splits))
    if len(hashes) != 1:
        raise DeepfakeError(
            "mixed_preprocessing",
            f"the examples carry {len(hashes)} preprocessing hashes: extract all of them again "
            "with one configuration",
        )
    return next(iter(hashes))


def records(files: Sequence[str]) -> tf.data.Dataset:
    """Serialized examples of gzipped TFRecord files, in file order."""
    return tf.data.TFRecordDataset(list(files), compression_type="GZIP")


@tf.autograph.experimental.do_not_convert
def parse(record: tf.Tensor, clip: ClipSpec) -> dict[str, tf.Tensor]:
    """Features of a serialized example: frames and masks [N], the others scalar."""
    frames = [clip.total_frames]
    spec = {
        features.TRACK_FRAMES: tf.io.FixedLenFeature(frames, tf.string),
        features.FRAME_PRESENT: tf.io.FixedLenFeature(frames, tf.int64),
        features.IS_FAKE: tf.io.FixedLenFeature([], tf.int64),
        features.RECORD_KEY: tf.io.FixedLenFeature([], tf.string),
        features.VIDEO_KEY: tf.io.FixedLenFeature([], tf.string),
        features.PREPROCESSING_HASH: tf.io.FixedLenFeature([], tf.string),
    }
    return tf.io.parse_single_example(record, spec)


def _require_both_classes(name: str, is_fake: npt.NDArray[np.bool_]) -> None:
    for label, count in (("pristine", (~is_fake).sum()), ("fake", is_fake.sum())):
        if not count:
            raise DeepfakeError(
                "missing_class",
                f"split {name} holds {is_fake.size} tracks and none is {label}: add {label} "
                "videos, or enlarge the fraction of this split",
            )
