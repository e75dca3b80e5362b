"""Forgery families: where they act, and what trace each leaves."""

import itertools

import cv2
import numpy as np
import pytest

from pipeline.demo import faces, forgeries, motion, scene
from pipeline.demo.scene import Puppet

TIMES = np.arange(10) / 25
FAMILIES = {family.method: family for family in forgeries.FAMILIES}


@pytest.fixture(scope="module")
def puppets():
    return [Puppet(faces.make_face(np.random.default_rng(seed))) for seed in (1, 2)]


@pytest.fixture(scope="module")
def take(puppets):
    rng = np.random.default_rng(0)
    return scene.Take(puppets[0], scene.make_stage(rng), motion.perform(rng, TIMES))


def forge(family, take, donor, indices):
    forger = forgeries.Forger(family, take, donor, times=TIMES, rng=np.random.default_rng(3))
    shots = [scene.film(take, index) for index in indices]
    forged = [
        forger.forge(shot.frame, shot.triangle, index)
        for shot, index in zip(shots, indices, strict=True)
    ]
    return shots, forged


def detail(image):
    return float(cv2.Laplacian(image, cv2.CV_32F).var())


@pytest.mark.parametrize("method", FAMILIES)
def test_only_the_face_changes(method, take, puppets):
    (shot,), (forged,) = forge(FAMILIES[method], take, puppets[1], [0])
    difference = np.abs(forged - shot.frame).max(axis=2)
    x, y = shot.triangle.mean(axis=0)
    rows, columns = np.mgrid[:256, :256]
    far = np.hypot(columns - x, rows - y) > 95
    assert difference[far].max() < 0.01
    assert difference[~far].max() > 10


@pytest.mark.parametrize("method", ["demo_face_swap", "demo_low_res"])
def test_generators_lose_detail(method, take, puppets):
    (shot,), (forged,) = forge(FAMILIES[method], take, puppets[1], [0])
    before, _ = forgeries.align(shot.frame, shot.triangle)
    after, _ = forgeries.align(forged, shot.triangle)
    inner = np.s_[30:90, 30:80]
    assert detail(after[inner]) < 0.7 * detail(before[inner])


def test_the_swapped_face_has_the_colours_of_the_target(take, puppets):
    (shot,), (forged,) = forge(FAMILIES["demo_face_swap"], take, puppets[1], [0])
    before, _ = forgeries.align(shot.frame, shot.triangle)
    after, _ = forgeries.align(forged, shot.triangle)
    inner = np.s_[30:90, 36:76]
    assert np.abs(before[inner].mean((0, 1)) - after[inner].mean((0, 1))).max() < 12


def test_the_mouth_says_something_else_below_untouched_eyes(take, puppets):
    (shot,), (forged,) = forge(FAMILIES["demo_lip_sync"], take, puppets[1], [0])
    difference, _ = forgeries.align(np.abs(forged - shot.frame), shot.triangle)
    assert difference[:45].max() < 1
    assert difference[65:95, 35:77].mean() > 4


def test_warps_flicker_from_frame_to_frame(take, puppets):
    shots, forged = forge(FAMILIES["demo_warp_flicker"], take, puppets[1], [0, 0, 0, 0])
    assert np.array_equal(shots[0].frame, shots[1].frame)
    steps = [np.abs(a - b).max() for a, b in itertools.pairwise(forged)]
    assert min(steps) > 10


def test_aligned_faces_have_their_eyes_and_mouth_in_the_same_places(take):
    shot = scene.film(take, 0)
    _, matrix = forgeries.align(shot.frame, shot.triangle)
    eyes_and_mouth = shot.triangle @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(eyes_and_mouth - [[36, 30], [77, 32], [56, 76]]).max() < 6


def test_an_unaltered_crop_blends_back_into_its_frame(take):
    shot = scene.film(take, 0)
    smooth = cv2.GaussianBlur(shot.frame, (0, 0), 3)
    crop, matrix = forgeries.align(smooth, shot.triangle)
    mask = FAMILIES["demo_face_swap"].region.mask()
    assert np.abs(forgeries.blend(smooth, crop, mask, matrix) - smooth).max() < 4
