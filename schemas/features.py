"""Keys of the track example, one face track of one video. No other module spells them.

N = K clips x T frames, clip after clip, each in display order; see `schemas.clip_spec`.
"""

import pathlib
from typing import Final

# What the model sees.
TRACK_FRAMES: Final = "track_frames"  # bytes [N]: JPEG face crops, RGB, crop_size squared
FRAME_PRESENT: Final = "frame_present"  # int64 [N]: 1 = face found, 0 = filler, masked
FRAME_TIMES: Final = "frame_times"  # float [N]: seconds from the start of the video

# What the model is to say.
IS_FAKE: Final = "is_fake"  # int64 [1]: 1 = manipulated, 0 = pristine

# Who the example is.
RECORD_KEY: Final = "record_key"  # bytes [1]: dataset/method/video_id, one manifest row
VIDEO_KEY: Final = "video_key"  # bytes [1]: record_key/track

# What evaluation slices by; bytes [1] each.
DATASET_NAME: Final = "dataset_name"
MANIPULATION_METHOD: Final = "manipulation_method"
MANIPULATION_TYPE: Final = "manipulation_type"
COMPRESSION_LEVEL: Final = "compression_level"
CONTEXT: Final = "context"
VIDEO_CODEC: Final = "video_codec"
FACE_SIZE_BUCKET: Final = "face_size_bucket"
RESOLUTION_BUCKET: Final = "resolution_bucket"

# Numeric context; float [1] each.
MEDIAN_FACE_PIXELS: Final = "median_face_pixels"  # geometric mean of the box sides, in pixels
CROP_SHARPNESS: Final = "crop_sharpness"  # median variance of the Laplacian of the crops
DETECTOR_CONFIDENCE: Final = "detector_confidence"  # mean face score, in [0, 1]
SOURCE_FPS: Final = "source_fps"  # frames per second of the file

PREPROCESSING_HASH: Final = "preprocessing_hash"  # bytes [1]: equal in all examples of a model

MODEL_KEYS: Final = (TRACK_FRAMES, FRAME_PRESENT)
SLICE_KEYS: Final = (
    MANIPULATION_METHOD,
    MANIPULATION_TYPE,
    DATASET_NAME,
    COMPRESSION_LEVEL,
    CONTEXT,
    VIDEO_CODEC,
    FACE_SIZE_BUCKET,
    RESOLUTION_BUCKET,
)
NUMERIC_KEYS: Final = (MEDIAN_FACE_PIXELS, CROP_SHARPNESS, DETECTOR_CONFIDENCE, SOURCE_FPS)
ALL_KEYS: Final = (
    *MODEL_KEYS,
    FRAME_TIMES,
    IS_FAKE,
    RECORD_KEY,
    VIDEO_KEY,
    *SLICE_KEYS,
    *NUMERIC_KEYS,
    PREPROCESSING_HASH,
)

TRACK_EXAMPLE_SCHEMA = pathlib.Path(__file__).parent / "track_example.pbtxt"


def transformed(key: str) -> str:
    """The name under which Transform writes the derived form of `key`."""
    return f"{key}_xf"
