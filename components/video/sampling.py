"""Which frames of a video become the clips of a track example."""

from collections.abc import Sequence

import numpy as np

from components.video import errors
from schemas.clip_spec import ClipSpec

_TOLERANCE_SECONDS = 1e-6  # of times that containers round


def clip_indices(times: Sequence[float], spec: ClipSpec) -> list[list[int]]:
    """Display indices of K clips of T frames, spread evenly over the video.

    Clips start between the first frame and the last time at which a whole clip still fits (a
    single clip starts in the middle). Inside a clip frames are 1 / `sample_fps` seconds apart,
    each the first frame at or after its time, and never less than one frame apart. In videos
    shorter than one clip the frames move closer together and all clips are equal; in short
    videos clips overlap.

    Args:
      times: Of every frame, in seconds, ascending.
      spec: K, T and the sampling rate.

    Returns:
      K lists of T indices, each strictly ascending.

    Raises:
      TooFewFramesError: The video has fewer than T frames.
    """
    num_frames, clip_length = len(times), spec.num_frames
    if num_frames < clip_length:
        raise errors.TooFewFramesError(
            f"{num_frames} frames, but a clip takes {clip_length}; send a longer video"
        )
    stamps = np.asarray(times, np.float64)
    room = stamps[-1] - stamps[0]
    clip_seconds = min((clip_length - 1) / spec.sample_fps, room)
    offsets = np.linspace(0, clip_seconds, clip_length)
    shares = np.linspace(0, 1, spec.num_clips) if spec.num_clips > 1 else np.array([0.5])
    starts = stamps[0] + shares * (room - clip_seconds)
    return [_clip(stamps, start + offsets) for start in starts]


def _clip(stamps: np.ndarray, wanted: np.ndarray) -> list[int]:
    """First frames at or after the `wanted` times, moved where they would meet or run out."""
    steps = np.arange(len(wanted))
    found = np.searchsorted(stamps, wanted - _TOLERANCE_SECONDS)
    distinct = np.maximum.accumulate(found - steps) + steps
    last_possible = len(stamps) - len(wanted) + steps
    return [int(index) for index in np.minimum(distinct, last_possible)]
