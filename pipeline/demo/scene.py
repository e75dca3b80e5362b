"""Takes: a puppet before a background, in moving light, seen by a moving camera."""

import dataclasses
from typing import Final

import cv2
import numpy as np

from pipeline.demo import portrait, warp
from pipeline.demo.motion import Performance
from pipeline.demo.portrait import ByteImage
from pipeline.demo.puppet import Puppet
from pipeline.demo.warp import FloatArray, FloatImage

FRAME_SIDE: Final = 256
_MARGIN: Final = 48  # of the background around the frame, for the camera to move in
_ROOM_SIDE: Final = FRAME_SIDE + 2 * _MARGIN


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
