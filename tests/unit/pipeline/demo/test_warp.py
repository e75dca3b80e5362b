"""Smooth warps."""

import cv2
import numpy as np

from pipeline.demo import warp


def bend(points):
    return 3 * warp.gaussian(points, np.array([60.0, 50.0]), 20.0)[..., None] * np.array([1, -1])


def test_no_displacement_is_the_affine_map():
    affine = np.array([[0.5, 0.1, 7], [-0.1, 0.6, 3], [0, 0, 1.0]])
    sources = warp.source_map(64, np.zeros_like, affine)
    rows, columns = np.mgrid[:64, :64]
    expected = warp.transform(affine, np.stack([columns, rows], axis=-1).astype(float))
    assert sources.dtype == np.float32
    assert np.abs(sources - expected).max() < 1e-4


def test_the_coarse_grid_is_close_to_the_displacement():
    rows, columns = np.mgrid[:128, :128]
    points = np.stack([columns, rows], axis=-1).astype(float)
    assert np.abs(warp.source_map(128, bend, np.eye(3)) - points - bend(points)).max() < 0.15


def test_invert_finds_where_a_marked_pixel_goes():
    image = np.zeros((128, 128), np.float32)
    image[52, 57] = 1
    image = cv2.GaussianBlur(image, (0, 0), 2)
    moved = cv2.remap(image, warp.source_map(128, bend, np.eye(3)), None, cv2.INTER_LINEAR)
    y, x = np.unravel_index(moved.argmax(), moved.shape)
    found = warp.invert(np.array([[57.0, 52.0]]), bend)[0]
    assert np.abs(found - [x, y]).max() <= 0.75
    assert np.abs(found - [57, 52]).max() > 2
