"""Finds a face detector by its name, so that one can be exchanged for another."""

from typing import Final

from components.video import blazeface
from components.video.faces import FaceDetector
from schemas.face_config import FaceConfig

BLAZEFACE: Final = "blazeface"

NAMES: Final = (BLAZEFACE,)


def find_detector(name: str, config: FaceConfig) -> FaceDetector:
    """Makes the detector called `name`, one of `NAMES`.

    Raises:
      ValueError: There is no detector of that name.
      ModuleNotFoundError: The package with its weights is not installed.
    """
    if name != BLAZEFACE:
        raise ValueError(f"detector must be one of {', '.join(NAMES)}, got {name!r}")

    return blazeface.BlazeFace(config)
