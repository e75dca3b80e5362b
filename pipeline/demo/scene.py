"""Takes: a puppet that talks, blinks and turns, in moving light, seen by a moving camera."""

import dataclasses
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.demo import portrait, warp
from pipeline.demo.faces import Face
from pipeline.demo.motion import Performance
from pipeline.demo.portrait import ByteImage
from pipeline.demo.warp import FloatArray, FloatImage

_Float = TypeVar("_Float", bound=np.floating)

_OPEN: Final = 9.0  # pixels between the teeth at mouth = 1
_CLOSE: Final = 6.0  # pixels that the upper lip falls at mouth = -1
_BLINK: Final = 7.0  # pixels that the lid falls at lids = 1
_THROAT: Final = np.array([38, 14, 14, 0], np.float32)

FRAME_SIDE: Final = 256
_MARGIN: Final = 48  # of the background around the frame, for the camera to move in
_ROOM_SIDE: Final = FRAME_SIDE + 2 * _MARGIN


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
          mouth: How far the mouth is open, from -1 (closed) to 1 (open).
          lids: How far the eyes are closed, from 0 (open) to 1 (closed).
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


@dataclasses.dataclass(frozen=True)
class Stage:
    """What stays the same during a take.

    Attributes:
      background: [352, 352, 3] uint8 RGB, larger than the frame.
      placement: [3, 3] affine from the canvas of a face to the frame.
      noise: [352, 352] float32, of the sensor, in grey levels: each frame has another part of it.
    """

    background: ByteImage
    placement: FloatArray
    noise: FloatImage


@dataclasses.dataclass(frozen=True)
class Take:
    """One person, filmed once."""

    puppet: Puppet
    stage: Stage
    performance: Performance


@dataclasses.dataclass(frozen=True)
class Shot:
    """One frame and what a landmark detector would say of it.

    Attributes:
      frame: [256, 256, 3] float32 RGB, before sensor noise; may leave [0, 255] a little.
      triangle: Eyes (viewer's left first) and mouth, [3, 2] float64 (x, y) in frame pixels.
    """

    frame: FloatImage
    triangle: FloatArray


def make_stage(rng: np.random.Generator) -> Stage:
    """Draws a stage."""
    scale = rng.uniform(0.85, 1.12)
    aspect = rng.uniform(0.95, 1.06)
    middle = FRAME_SIDE / 2 + rng.uniform(-14, 14)
    height = FRAME_SIDE * rng.uniform(0.46, 0.54)
    face_x, face_y = portrait.NOSE
    placement = np.diag([scale * aspect, scale, 1])
    placement[:2, 2] = middle - scale * aspect * face_x, height - scale * face_y
    noise = rng.uniform(1.5, 4.0) * rng.standard_normal((_ROOM_SIDE, _ROOM_SIDE))
    return Stage(
        background=_background(rng, _ROOM_SIDE),
        placement=placement,
        noise=noise.astype(np.float32),
    )


def film(take: Take, index: int) -> Shot:
    """Renders frame `index` of a take, without noise."""
    stage, acted = take.stage, take.performance
    marks = take.puppet.face.landmarks
    camera = _camera(acted, index)
    # Faces stand where the portrait's does, whether mirrored or not.
    centring = np.eye(3)
    centring[:2, 2] = portrait.NOSE - marks.nose
    to_frame = camera @ stage.placement @ centring

    def head(points: FloatArray) -> FloatArray:
        return take.puppet.turn(
            points,
            sway=acted.sway[index],
            nod=acted.nod[index],
            roll=acted.roll[index],
            yaw=acted.yaw[index],
            pitch=acted.pitch[index],
        )

    canvas = take.puppet.express(acted.mouth[index], acted.lids[index])
    to_canvas = np.asarray(np.linalg.inv(to_frame), np.float64)
    sources = warp.source_map(FRAME_SIDE, head, to_canvas)
    figure = cv2.remap(canvas, sources, None, cv2.INTER_LINEAR)
    triangle = warp.transform(to_frame, warp.invert(marks.triangle, head))

    shift = np.eye(3)
    shift[:2, 2] = -_MARGIN
    size = (FRAME_SIDE, FRAME_SIDE)
    room = cv2.warpAffine(stage.background, (camera @ shift)[:2], size).astype(np.float32)
    person = cv2.cvtColor(figure, cv2.COLOR_RGBA2RGB).astype(np.float32)
    person *= warp.rgb(_light(acted, index, triangle.mean(axis=0)))
    veil = (255 - figure[..., 3]).astype(np.float32) * np.float32(acted.light[index] / 255)
    room *= warp.rgb(veil)
    return Shot(person + room, triangle)


def expose(stage: Stage, frame: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Adds the sensor's noise to a frame [256, 256, 3] float32."""
    x, y = rng.integers(2 * _MARGIN, size=2)
    noise = stage.noise[y : y + FRAME_SIDE, x : x + FRAME_SIDE]
    return frame + warp.rgb(noise)


def _camera(acted: Performance, index: int) -> FloatArray:
    """[3, 3] affine from the frame at rest to the frame as filmed."""
    matrix: FloatArray = np.eye(3)
    centre = FRAME_SIDE / 2
    degrees = np.degrees(acted.spin[index])
    matrix[:2] = cv2.getRotationMatrix2D((centre, centre), degrees, acted.zoom[index])
    matrix[:2, 2] += acted.pan[index], acted.tilt[index]
    return matrix


def _light(acted: Performance, index: int, centre: FloatArray) -> FloatImage:
    """Gain of the light on the person, [256, 256] float32; its logarithm is linear at the face."""
    axis = np.arange(FRAME_SIDE)
    across, down = (np.tanh((axis - c) / (FRAME_SIDE / 2)) for c in centre)
    gain_x = np.exp(acted.light_x[index] * across) * acted.light[index]
    gain_y = np.exp(-acted.light_y[index] * down)
    return np.outer(gain_y, gain_x).astype(np.float32)


def _background(rng: np.random.Generator, side: int) -> ByteImage:
    """A room out of focus: two colours mixed by a gradient, blobs, folds or shelves."""
    colours = rng.uniform(40, 210, (2, 1)) + rng.uniform(-30, 30, (2, 3))
    axis = np.linspace(0, 1, side)
    kind = rng.integers(4)
    if kind == 0:
        mix = np.add.outer(rng.uniform(0, 1) * axis, rng.uniform(0, 1) * axis)
    elif kind == 1:
        mix = cv2.resize(rng.uniform(0, 1, (7, 7)), (side, side), interpolation=cv2.INTER_CUBIC)
    elif kind == 2:
        folds = np.sin(2 * np.pi * (rng.uniform(3, 9) * axis + rng.uniform()))
        mix = np.tile(0.5 + 0.5 * folds, (side, 1))
    else:
        blocks = rng.uniform(0, 1, rng.integers(3, 8, 2))
        mix = cv2.resize(blocks, (side, side), interpolation=cv2.INTER_NEAREST)
    mix = cv2.GaussianBlur(mix, (0, 0), rng.uniform(1.0, 4.0))
    texture = cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), 1.5) * 12
    mixed = colours[0] + (colours[1] - colours[0]) * np.clip(mix, 0, 1)[..., None]
    return np.clip(mixed + texture[..., None], 0, 255).astype(np.uint8)
