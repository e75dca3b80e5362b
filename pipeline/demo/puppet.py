"""A face that can talk, blink and turn: local warps of its canvas."""

from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.demo import warp
from pipeline.demo.faces import Face
from pipeline.demo.portrait import ByteImage
from pipeline.demo.warp import FloatArray, FloatImage

_Float = TypeVar("_Float", bound=np.floating)

_OPEN: Final = 9.0  # pixels between the teeth at mouth = 1
_CLOSE: Final = 6.0  # pixels that the upper lip falls at mouth = -1
_BLINK: Final = 7.0  # pixels that the lid falls at lids = 1
_THROAT: Final = np.array([38, 14, 14, 0], np.float32)


class Puppet:
    """Animates one face."""

    def __init__(self, face: Face) -> None:
        self.face = face
        marks = face.landmarks
        left, top = np.array([marks.mouth[0] - 64, marks.right_eye[1] - 24]).astype(int)
        bottom = int(marks.chin[1]) + 34
        self._box = (slice(top, bottom), slice(left, left + 128))
        columns = np.arange(left, left + 128, dtype=np.float32)
        rows = np.arange(top, bottom, dtype=np.float32)
        self._x, self._y = np.meshgrid(columns, rows)
        self._jaw, self._line, self._lens = self._mouth_fields()
        grid = np.stack([self._x, self._y], axis=-1).astype(np.float64)
        half = (marks.left_corner[0] - marks.right_corner[0]) / 2
        lip = warp.gaussian(grid, marks.mouth - [0, 4], np.array([0.8 * half, 4.5]))
        lids = sum(
            warp.gaussian(grid, eye, np.array([9.0, 4.0]))
            for eye in (marks.right_eye, marks.left_eye)
        )
        self._lip, self._lids = lip.astype(np.float32), np.asarray(lids, np.float32)

    def _mouth_fields(self) -> tuple[FloatImage, FloatImage, FloatImage]:
        """How far the jaw moves [h, w]; row [w] and relative height [w] of the mouth's opening."""
        marks = self.face.landmarks
        half = (marks.left_corner[0] - marks.right_corner[0]) / 2
        rise = marks.mouth[1] - (marks.left_corner[1] + marks.right_corner[1]) / 2
        across = (self._x - marks.mouth[0]) / half
        line = marks.mouth[1] - rise * np.minimum(across**2, 1.5)
        down = np.clip((self._y - line) / (marks.chin[1] - marks.mouth[1]), 0, 2.2)
        jaw = np.exp(-0.5 * (across / (0.6 + 0.6 * np.minimum(down, 1))) ** 2)
        jaw *= _smooth_step((self._y - line) / 2) * (1 - _smooth_step((down - 0.8) / 1.2))
        lens = np.exp(-0.5 * (across[0] / 0.6) ** 2)
        return jaw.astype(np.float32), line[0].astype(np.float32), lens.astype(np.float32)

    def express(self, mouth: float, lids: float) -> ByteImage:
        """The canvas with another expression, [512, 512, 4] uint8 premultiplied RGBA.

        Args:
          mouth: From -1 (closed) to 1 (open).
          lids: From 0 (open) to 1 (closed).
        """
        opened, closed = _OPEN * max(mouth, 0.0), _CLOSE * max(-mouth, 0.0)
        fallen = opened * self._jaw + closed * self._lip + (_BLINK * lids) * self._lids
        pixels = self.face.pixels.copy()
        sources = (self._y - fallen).astype(np.float32)
        patch = cv2.remap(self.face.pixels, self._x, sources, cv2.INTER_CUBIC)
        if opened > 1:
            inside = self._inside(opened)[..., None]
            patch = (patch * (1 - 0.85 * inside) + _THROAT * inside).astype(np.uint8)
        patch[..., 3] = pixels[self._box][..., 3]
        pixels[self._box] = patch
        return pixels

    def _inside(self, opened: float) -> FloatImage:
        """Mask of the dark space below the teeth, [h, w] in [0, 1]."""
        depth = self._y - self._line
        lower = (opened - 0.5) * self._lens
        return np.asarray(_smooth_step(depth / 1.5) * _smooth_step((lower - depth) / 2.5))

    def turn(
        self, points: FloatArray, *, sway: float, nod: float, roll: float, yaw: float, pitch: float
    ) -> FloatArray:
        """Displacement of the head on its shoulders (see `warp.Displacement`).

        The head moves as one above the chin and not at all below the neck; the inner face
        moves further than the outline, as in a rotation about the vertical or the ear's axis.
        """
        marks = self.face.landmarks
        arm = points - marks.chin
        rigid = np.stack([-sway + roll * arm[..., 1], -nod - roll * arm[..., 0]], axis=-1)
        above = 1 - _smooth_step(arm[..., 1] / 45)
        inner = warp.gaussian(points, marks.nose, np.array([36.0, 42.0]))
        return rigid * above[..., None] - inner[..., None] * np.array([yaw, pitch])


def _smooth_step(values: npt.NDArray[_Float]) -> npt.NDArray[_Float]:
    """0 below 0, 1 above 1, a cubic between."""
    clipped = np.clip(values, 0, 1)
    return np.asarray(clipped * clipped * (3 - 2 * clipped), values.dtype)
