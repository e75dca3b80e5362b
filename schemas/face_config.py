"""How faces are found and linked, in training and serving alike; part of the preprocessing hash."""

import dataclasses

from schemas.settings import Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class FaceConfig(Settings):
    """Settings of face detection and tracking.

    Attributes:
      detector: Name of a detector in `components.video.detector`.
      min_score: Detector confidence from which a box counts, 0 to 1.
      min_face_pixels: Longer side from which a face is usable, in pixels of the video, at least 1.
      min_overlap: Intersection over union that links boxes of consecutive sampled frames, 0 to 1.
      max_gap_frames: Sampled frames that a track may miss before it ends, at least 1.
      min_present: Share of a track's N frames that must show the face, 0 to 1.
    """

    detector: str = "blazeface"
    min_score: float = 0.5
    min_face_pixels: int = 32
    min_overlap: float = 0.2
    max_gap_frames: int = 8
    min_present: float = 0.25

    def __post_init__(self) -> None:
        for name in ("min_score", "min_overlap", "min_present"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {value!r}")
        for name in ("min_face_pixels", "max_gap_frames"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value!r}")
