"""tf.data: track examples to clips. The order and every random draw follow from the seed."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pipeline.model import losses
from pipeline.model.augment import augment_clip
from pipeline.model.decoding import decode_crops
from pipeline.model.tracks import Tracks, parse, records
from schemas import features
from schemas.clip_spec import ClipSpec

_SHUFFLED_TRACKS: Final = 512  # in memory as JPEG: about 200 KB each at 112 pixels


def clips_in_order(
    tracks: Tracks, batch_size: int, *, strength: float = 0, seed: int = 0
) -> tf.data.Dataset:
    """All clips of a split, once, in the order of `Tracks.clip_labels`.

    Args:
      tracks: Tracks of the split.
      batch_size: Clips per batch; the last one may be smaller.
      strength: Strength of the augmentation; 0 = none.
      seed: Seed of the augmentation.

    Returns:
      Batches of a 1-tuple of (frames [B, T, S, S, 3] uint8, present [B, T] float32).
    """
    clip = tracks.clip

    @tf.autograph.experimental.do_not_convert
    def split(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _clips(parse(record, clip), clip)

    @tf.autograph.experimental.do_not_convert
    def decode(index: tf.Tensor, one: tuple[tf.Tensor, tf.Tensor]) -> tuple[Any]:
        jpegs, present = one
        frames = decode_crops(jpegs, clip.crop_size)
        return ((augment_clip(frames, tf.stack([seed, index]), strength), present),)

    return (
        records(tracks.files)
        .map(split)
        .unbatch()
        .enumerate()
        .map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        .apply(tf.data.experimental.assert_cardinality(tracks.num_clips))
        .batch(batch_size)
        .prefetch(tf.data.AUTOTUNE)
    )


def balanced_clips(
    tracks: Tracks, batch_size: int, *, strength: float, seed: int, skip: int = 0
) -> tf.data.Dataset:
    """An endless stream of clips, pristine and fake in turn; one random clip of a track each time.

    Args:
      tracks: Tracks of the split.
      batch_size: Clips per batch.
      strength: Strength of the augmentation; 0 = none.
      seed: Seed of the order, of the choice of clips and of the augmentation.
      skip: Clips that were drawn before, by a training that goes on.

    Returns:
      Batches of (frames [B, T, S, S, 3] uint8, present [B, T] float32) and the targets of
      `losses.targets`.
    """
    clip = tracks.clip

    @tf.autograph.experimental.do_not_convert
    def draw(index: tf.Tensor, record: tf.Tensor) -> tuple[Any, Any]:
        example, draw_seed = parse(record, clip), tf.stack([seed, index + skip])
        jpegs, present = _clips(example, clip)
        chosen = _random_row(tf.reduce_max(present, axis=1), draw_seed)
        frames = augment_clip(decode_crops(jpegs[chosen], clip.crop_size), draw_seed, strength)
        return (frames, present[chosen]), tf.cast(example[features.IS_FAKE], tf.float32)

    streams = [
        records(tracks.files)
        .filter(lambda record, wanted=wanted: tf.equal(_label(record), wanted))
        .shuffle(_SHUFFLED_TRACKS, seed=seed + skip)
        .repeat()
        for wanted in (0, 1)
    ]
    return (
        _in_turn(streams)
        .enumerate()
        .map(draw, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=True)
        .map(_with_targets)
        .prefetch(tf.data.AUTOTUNE)
    )


def balanced_features(
    values: npt.NDArray[np.float16],
    present: npt.NDArray[np.float32],
    is_fake: npt.NDArray[np.float32],
    batch_size: int,
    *,
    seed: int,
) -> tf.data.Dataset:
    """The same stream over features that the frozen encoder has made.

    Args:
      values: [C, T, D] float16, of C clips.
      present: [C, T] float32 in {0, 1}.
      is_fake: [C] float32 in {0, 1}.
      batch_size: Clips per batch.
      seed: Seed of the order.

    Returns:
      Batches of (features [B, T, D] float32, present [B, T] float32) and targets.
    """
    streams = [
        tf.data.Dataset.from_tensor_slices(np.flatnonzero(is_fake == wanted))
        .shuffle(is_fake.size, seed=seed)
        .repeat()
        for wanted in (0, 1)
    ]
    held = tf.constant(values), tf.constant(present), tf.constant(is_fake)

    @tf.autograph.experimental.do_not_convert
    def gather(rows: tf.Tensor) -> tuple[Any, Any]:
        some, mask, label = (tf.gather(tensor, rows) for tensor in held)
        return _with_targets((tf.cast(some, tf.float32), mask), label)

    batches = _in_turn(streams).batch(batch_size, drop_remainder=True)
    return batches.map(gather).prefetch(tf.data.AUTOTUNE)


@tf.autograph.experimental.do_not_convert
def _with_targets(clips: tuple[tf.Tensor, tf.Tensor], is_fake: tf.Tensor) -> tuple[Any, Any]:
    return clips, losses.targets(is_fake, clips[1])


def _in_turn(streams: Sequence[tf.data.Dataset]) -> tf.data.Dataset:
    return tf.data.Dataset.choose_from_datasets(
        streams, tf.data.Dataset.range(len(streams)).repeat()
    )


def _label(record: tf.Tensor) -> tf.Tensor:
    spec = {features.IS_FAKE: tf.io.FixedLenFeature([], tf.int64)}
    return tf.io.parse_single_example(record, spec)[features.IS_FAKE]


def _clips(example: dict[str, tf.Tensor], clip: ClipSpec) -> tuple[tf.Tensor, tf.Tensor]:
    """Frames [K, T] string and present [K, T] float32 of a track."""
    shape = (clip.num_clips, clip.num_frames)
    present = tf.cast(example[features.FRAME_PRESENT], tf.float32)
    return tf.reshape(example[features.TRACK_FRAMES], shape), tf.reshape(present, shape)


def _random_row(weights: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """One index into [K] `weights`, among those that are not 0 where there are any."""
    noise = tf.random.stateless_uniform(tf.shape(weights), seed)
    return tf.argmax(noise + weights)
