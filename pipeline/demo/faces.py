"""Identities: the portrait with another shape of face, other colours, perhaps mirrored.

A face lives on a canvas of the portrait's size. Its shape is a sum of Gaussian displacements at
hand-chosen handles (free-form deformation by radial basis functions), its colours are
multiplications inside the portrait's masks.
"""

import dataclasses
import functools
from typing import Final, NamedTuple

import cv2
import numpy as np

from pipeline.demo import portrait, warp
from pipeline.demo.portrait import ByteImage
from pipeline.demo.warp import FloatArray, FloatImage

_AXIS: Final = 224.0  # x of the portrait's line of symmetry
_KNEE: Final = 200.0
_ROOM: Final = 255 - _KNEE


class _Handle(NamedTuple):
    """Pulls both halves of the face alike, so that it stays nearly symmetric; pixels.

    Attributes:
      offset: Distance of the two centres from the axis, in pixels of the portrait.
      y: Height of the two centres, in pixels from the top of the portrait.
      sigma: Reach of the pull.
      out: Largest pull away from the axis.
      down: Largest pull downwards.
    """

    offset: float
    y: float
    sigma: float
    out: float
    down: float


_SHAPE: Final = (
    _Handle(22, 102, 15, out=3, down=0),  # distance of the eyes
    _Handle(22, 100, 17, out=0, down=3),  # height of the eyes
    _Handle(24, 86, 13, out=0, down=3),  # of the brows
    _Handle(40, 120, 22, out=5, down=0),  # width of the cheeks
    _Handle(34, 160, 22, out=6, down=0),  # of the jaw
    _Handle(9, 127, 9, out=1.5, down=0),  # of the nose
    _Handle(20, 142, 13, out=3, down=0),  # of the mouth
    _Handle(8, 145, 18, out=0, down=2.5),  # height of the mouth
    _Handle(10, 178, 22, out=0, down=5),  # of the chin
    _Handle(66, 70, 30, out=10, down=0),  # width of the hair
    _Handle(25, 22, 34, out=0, down=8),  # its height
)
_SKIN_TONES: Final = (  # mean colours, RGB
    (206, 166, 144), (196, 154, 128), (188, 144, 118), (174, 130, 102), (156, 110, 84),
    (136, 96, 72), (116, 80, 60), (194, 148, 114),
)  # fmt: skip
_HAIR_TONES: Final = (
    (146, 116, 78), (92, 64, 42), (46, 38, 36), (160, 138, 98), (112, 66, 42), (136, 132, 128),
    (70, 52, 38), (104, 84, 60),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Landmarks:
    """Where the parts of a face are, each [2] float64 (x, y), in pixels of its canvas."""

    right_eye: FloatArray
    left_eye: FloatArray
    nose: FloatArray
    mouth: FloatArray
    right_corner: FloatArray
    left_corner: FloatArray
    chin: FloatArray

    @property
    def triangle(self) -> FloatArray:
        """Eyes and mouth, [3, 2] float64: the points by which faces are aligned."""
        return np.stack([self.right_eye, self.left_eye, self.mouth])


@dataclasses.dataclass(frozen=True)
class Face:
    """One identity.

    Attributes:
      pixels: [512, 512, 4] uint8 RGBA, RGB already multiplied by A.
      landmarks: On this canvas. `right_eye` is always the viewer's left one.
    """

    pixels: ByteImage
    landmarks: Landmarks


def make_face(rng: np.random.Generator) -> Face:
    """Draws an identity; equal generators give equal faces."""
    source = portrait.load()
    shape = functools.partial(_displacement, pulls=rng.uniform(-1, 1, len(_SHAPE)))
    mirrored = bool(rng.integers(2))
    figure = np.dstack([_recolour(source, rng) * source.figure[..., None], source.figure * 255])

    sources = warp.source_map(portrait.SIDE, shape, np.eye(3))
    warped = cv2.remap(figure, sources, None, cv2.INTER_CUBIC)
    pixels = np.clip(warped + 0.5, 0, 255).astype(np.uint8)
    points = warp.invert(np.array(portrait.LANDMARKS), shape)
    if mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        points[:, 0] = portrait.SIDE - 1 - points[:, 0]
        points = points[[1, 0, 2, 3, 5, 4, 6]]
    return Face(pixels=pixels, landmarks=Landmarks(*points))


def _displacement(points: FloatArray, pulls: FloatArray) -> FloatArray:
    """Displacement of the identity's shape; see `warp.Displacement`."""
    total = np.zeros(points.shape)
    for handle, pull in zip(_SHAPE, pulls, strict=True):
        for side in (-1, 1):
            centre = np.array([_AXIS + side * handle.offset, handle.y])
            fall = warp.gaussian(points, centre, handle.sigma)
            total -= fall[..., None] * (pull * np.array([side * handle.out, handle.down]))
    return total


def _recolour(source: portrait.Portrait, rng: np.random.Generator) -> FloatImage:
    """The portrait with drawn skin, hair and clothes, [512, 512, 3] float32 RGB in [0, 255]."""
    tones = [np.array(table[rng.integers(len(table))]) for table in (_SKIN_TONES, _HAIR_TONES)]
    tones = [tone * rng.uniform(0.92, 1.08) + rng.uniform(-5, 5, 3) for tone in tones]
    dye = rng.uniform(0.45, 1.0, 3).astype(np.float32)

    pixels = source.pixels.astype(np.float32)
    clothes = np.clip(1 - source.skin - source.hair - source.features, 0, 1)[..., None]
    pixels += clothes * (dye * pixels.mean(axis=2, keepdims=True) - pixels)
    for mask, tone in zip((source.skin, source.hair), tones, strict=True):
        pixels *= 1 + mask[..., None] * (_gain(pixels, mask, tone) - 1)
    # A shoulder as of film, so that highlights of light skin are not clipped.
    return np.where(pixels > _KNEE, _KNEE + _ROOM * np.tanh((pixels - _KNEE) / _ROOM), pixels)


def _gain(pixels: FloatImage, mask: FloatImage, mean: FloatArray) -> FloatImage:
    """Factors [3] that turn the mean colour under `mask` into `mean`."""
    now = np.tensordot(mask, pixels, axes=2) / mask.sum()
    return (mean / now).astype(np.float32)
