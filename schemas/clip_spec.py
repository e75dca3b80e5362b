"""Geometry of a track example: what training extracts and what serving must extract again."""

import dataclasses

from schemas.settings import Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClipSpec(Settings):
    """How a video becomes K clips of T face crops, each [H, W, 3] uint8 RGB.

    Attributes:
      num_clips: K, clips per track, their starts spread evenly over the video, more than 0.
      num_frames: T, frames per clip, more than 0.
      sample_fps: Frames per second inside a clip, whatever the video's own rate, more than 0.
      crop_size: H and W of a face crop, in pixels, more than 0.
      margin: Side of the square crop over the longer side of the face box, at least 1.
      max_tracks: Face tracks kept per video, those with the most frames first, more than 0.
      jpeg_quality: Quality of the stored crops as JPEG has it, 1 to 100.
    """

    num_clips: int = 4
    num_frames: int = 8
    sample_fps: float = 8.0
    crop_size: int = 128
    margin: float = 1.3
    max_tracks: int = 4
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value <= 0:
                raise ValueError(f"{field.name} must be positive, got {value!r}")
        if self.jpeg_quality > 100:
            raise ValueError(f"jpeg_quality must be at most 100, got {self.jpeg_quality!r}")
        if self.margin < 1:
            raise ValueError(f"margin must be at least 1, got {self.margin!r}")

    @property
    def total_frames(self) -> int:
        """N = K x T, frames of a track example."""
        return self.num_clips * self.num_frames
