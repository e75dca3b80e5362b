"""What features are called and mean, in words that need no code."""

import dataclasses
from collections.abc import Mapping
from typing import Final

from schemas import features


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


def title(key: str) -> str:
    """The name of a feature for readers; its key if there is none."""
    found = FEATURES.get(key)
    return found.title if found else key
