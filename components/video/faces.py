"""Face detection behind one protocol, so that a detector can be exchanged by name."""

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Face:
    """One face in one frame.

    Attributes:
      box: [4] float64: x and y of the upper left corner, width, height, in pixels of the
        frame; it may reach beyond the picture.
      score: Confidence of the detector, in [0, 1].
      points: [P, 2] float64: x and y of landmarks in pixels, in the detector's own order.
    """

    box: NDArray[np.float64]
    score: float
    points: NDArray[np.float64]


class FaceDetector(Protocol):
    """Finds faces.

    Attributes:
      weights_digest: SHA-256 of the weights, part of the preprocessing hash.
    """

    weights_digest: str

    def detect(self, frame: NDArray[np.uint8]) -> list[Face]:
        """Faces of `frame` [H, W, 3] uint8 RGB, best first."""
        ...
