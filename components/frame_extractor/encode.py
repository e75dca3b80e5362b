"""From a face track and its manifest row to a tf.train.Example."""

import math
from collections.abc import Iterable
from typing import Final

import tensorflow as tf

from components.video.clips import Track
from schemas import features
from schemas.video_record import VideoRecord

# Upper bound (excluded) and name, ascending; the names are domains of track_example.pbtxt.
FACE_SIZES: Final = ((64.0, "small"), (128.0, "medium"), (math.inf, "large"))
RESOLUTIONS: Final = ((480.0, "sd"), (1080.0, "hd"), (math.inf, "fullhd"))


def video_key(record: VideoRecord, track: Track) -> str:
    """Key of one track of one video, the unit of every metric."""
    return f"{record.key}/{track.index}"


def example(record: VideoRecord, track: Track, preprocessing_hash: str) -> bytes:
    """Serializes a track; equal inputs give equal bytes.

    Args:
      record: The video, probed and assigned to a split.
      track: N crops of one face.
      preprocessing_hash: Of the code and settings that made the crops.

    Returns:
      A tf.train.Example with every key of `features.ALL_KEYS`.
    """
    feature = {
        features.TRACK_FRAMES: _bytes(track.frames),
        features.FRAME_PRESENT: _ints(track.present.tolist()),
        features.FRAME_TIMES: _floats(track.times.tolist()),
        features.IS_FAKE: _ints([int(record.is_fake)]),
        features.RECORD_KEY: _text(record.key),
        features.VIDEO_KEY: _text(video_key(record, track)),
        features.DATASET_NAME: _text(record.dataset),
        features.MANIPULATION_METHOD: _text(record.manipulation_method),
        features.MANIPULATION_TYPE: _text(record.manipulation_type),
        features.COMPRESSION_LEVEL: _text(record.compression_level),
        features.CONTEXT: _text(record.context),
        features.VIDEO_CODEC: _text(record.codec),
        features.FACE_SIZE_BUCKET: _text(bucket(track.median_face_pixels, FACE_SIZES)),
        features.RESOLUTION_BUCKET: _text(bucket(min(record.width, record.height), RESOLUTIONS)),
        features.MEDIAN_FACE_PIXELS: _floats([track.median_face_pixels]),
        features.CROP_SHARPNESS: _floats([track.sharpness]),
        features.DETECTOR_CONFIDENCE: _floats([track.confidence]),
        features.SOURCE_FPS: _floats([record.fps]),
        features.PREPROCESSING_HASH: _text(preprocessing_hash),
    }
    message = tf.train.Example(features=tf.train.Features(feature=feature))
    return bytes(message.SerializeToString(deterministic=True))


def bucket(value: float, bounds: tuple[tuple[float, str], ...]) -> str:
    """Name of the first bucket whose upper bound is above `value`."""
    return next(name for bound, name in bounds if value < bound)


def _bytes(values: Iterable[bytes]) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _text(value: str) -> tf.train.Feature:
    return _bytes([value.encode()])


def _ints(values: Iterable[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _floats(values: Iterable[float]) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
