"""Smooth image warps, described as displacement functions and evaluated on a coarse grid."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
FloatImage = npt.NDArray[np.float32]

# Maps points [..., 2] (x, y) of the result to displacements [..., 2]: content comes from their sum.
Displacement = Callable[[FloatArray], FloatArray]

_STEP: Final = 8  # pixels between evaluated points; warps are much smoother than this


def rgb(plane: FloatImage) -> FloatImage:
    """One plane [H, W] as three equal ones, [H, W, 3]: NumPy multiplies those far faster."""
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB))


def transform(matrix: FloatArray, points: FloatArray) -> FloatArray:
    """Applies a [3, 3] affine matrix to points [..., 2]."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def gaussian(points: FloatArray, centre: FloatArray, sigma: float | FloatArray) -> FloatArray:
    """exp(-d^2 / 2 sigma^2) of the distance to `centre`; [..., 2] to [...]."""
    return np.asarray(np.exp(-0.5 * (((points - centre) / sigma) ** 2).sum(-1)))


def source_map(size: int, displacement: Displacement, affine: FloatArray) -> FloatImage:
    """Positions from which to sample a square result, for `cv2.remap`.

    Args:
      size: Side of the result in pixels, a multiple of 8.
      displacement: Added to the positions, in pixels of the source.
      affine: [3, 3], from pixels of the result to pixels of the source, applied first.

    Returns:
      [size, size, 2] float32 (x, y): `affine(q) + displacement(affine(q))` at each pixel q.
    """
    coarse = np.arange(size // _STEP) * _STEP + (_STEP - 1) / 2  # where cv2.resize puts samples
    points = np.stack(np.meshgrid(coarse, coarse), axis=-1)
    offsets = displacement(transform(affine, points)).astype(np.float32)
    dense = cv2.resize(offsets, (size, size), interpolation=cv2.INTER_LINEAR)
    axis = np.arange(size)
    dense += (np.outer(axis, affine[:2, 0]) + affine[:2, 2]).astype(np.float32)
    dense += np.outer(axis, affine[:2, 1]).astype(np.float32)[:, None]
    return np.asarray(dense)


def invert(points: FloatArray, displacement: Displacement) -> FloatArray:
    """Where source `points` [n, 2] end up in the result, by fixed-point iteration."""
    moved = points.copy()
    for _ in range(8):
        moved = points - displacement(moved)
    return moved
