"""Identities and their expressions."""

import numpy as np
import pytest

from pipeline.demo import faces, portrait
from pipeline.demo.scene import Puppet


def make(seed):
    return faces.make_face(np.random.default_rng(seed))


def test_equal_seeds_give_equal_faces_and_others_differ():
    first, again, other = make(1), make(1), make(2)
    assert np.array_equal(first.pixels, again.pixels)
    figure = (first.pixels[..., 3] == 255) & (other.pixels[..., 3] == 255)
    difference = np.abs(first.pixels[figure].astype(int) - other.pixels[figure])
    assert difference.mean() > 10


def test_landmarks_lie_on_dark_eyes_whether_mirrored_or_not():
    mirrored = set()
    for seed in range(8):
        face = make(seed)
        marks = face.landmarks
        assert marks.right_eye[0] < marks.nose[0] < marks.left_eye[0]
        assert marks.right_corner[0] < marks.mouth[0] < marks.left_corner[0]
        assert marks.mouth[1] < marks.chin[1]
        mirrored.add(marks.nose[0] > portrait.SIDE / 2)
        grey = face.pixels[..., :3].mean(axis=2)
        cheek = grey[_around((marks.nose + marks.right_corner) / 2)].mean()
        for eye in (marks.right_eye, marks.left_eye):
            assert grey[_around(eye)].min() < 0.5 * cheek
    assert mirrored == {True, False}


def test_colour_is_multiplied_by_alpha():
    pixels = make(3).pixels.astype(int)
    assert (pixels[..., :3].max(axis=2) <= pixels[..., 3] + 1).all()
    assert (pixels[:40, :40] == 0).all()


@pytest.fixture(scope="module")
def puppet():
    return Puppet(make(1))


def test_an_open_mouth_is_dark_inside(puppet):
    marks = puppet.face.landmarks
    below = _around(marks.mouth + np.array([0, 4]))
    rest = puppet.express(0.0, 0.0)[below][..., :3].mean()
    assert puppet.express(1.0, 0.0)[below][..., :3].mean() < 0.6 * rest


def test_closed_lips_hide_the_teeth(puppet):
    teeth = _around(puppet.face.landmarks.mouth - np.array([0, 4]))

    def whiteness(pixels):
        return pixels[teeth][..., 2].mean() / pixels[teeth][..., 0].mean()

    assert whiteness(puppet.express(-1.0, 0.0)) < 0.95 * whiteness(puppet.express(0.0, 0.0))


def test_closed_lids_hide_the_pupils(puppet):
    for eye in (puppet.face.landmarks.right_eye, puppet.face.landmarks.left_eye):
        pupil = _around(eye, 1)
        opened, closed = (puppet.express(0.0, lids)[pupil][..., :3].mean() for lids in (0.0, 1.0))
        assert closed > 1.3 * opened


def test_the_head_turns_and_the_shoulders_stay(puppet):
    marks = puppet.face.landmarks
    points = np.stack([marks.right_eye, marks.chin + np.array([0, 60])])
    head, shoulders = puppet.turn(points, sway=5, nod=-2, roll=0, yaw=0, pitch=0)
    assert head == pytest.approx([-5, 2])
    assert shoulders == pytest.approx([0, 0])


def _around(point, radius=2):
    x, y = np.round(point).astype(int)
    return slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1)
