"""Faces of consecutive frames joined to tracks, on hand-made boxes."""

import numpy as np
import pytest

from components.video import tracks
from components.video.faces import Face


def face(x, y=0.0, side=10.0):
    return Face(np.array([x, y, side, side]), 0.9, np.zeros((6, 2)))


def link(*frames, min_overlap=0.2, max_gap_frames=2):
    return tracks.link(frames, min_overlap=min_overlap, max_gap_frames=max_gap_frames)


def test_overlap_on_hand_made_boxes():
    box = np.array([0.0, 0.0, 10.0, 10.0])
    assert tracks.overlap(box, box) == 1
    assert tracks.overlap(box, np.array([5.0, 0.0, 10.0, 10.0])) == pytest.approx(1 / 3)
    assert tracks.overlap(box, np.array([2.0, 2.0, 5.0, 5.0])) == pytest.approx(0.25)
    assert tracks.overlap(box, np.array([10.0, 0.0, 10.0, 10.0])) == 0
    assert tracks.overlap(box, np.array([0.0, 0.0, 0.0, 0.0])) == 0


def test_a_moving_face_is_one_track():
    assert link([face(0)], [face(4)], [face(8)]) == [{0: 0, 1: 0, 2: 0}]


def test_a_face_that_jumps_is_another_track():
    assert link([face(0)], [face(9)]) == [{0: 0}, {1: 0}]


def test_faces_that_change_places_in_the_list_keep_their_tracks():
    assert link([face(0), face(50)], [face(51), face(1)]) == [{0: 0, 1: 1}, {0: 1, 1: 0}]


def test_the_best_overlap_wins_and_the_loser_starts_anew():
    assert link([face(0)], [face(4), face(1)]) == [{0: 0, 1: 1}, {1: 0}]


def test_a_gap_up_to_the_limit_is_bridged_without_inventing_boxes():
    assert link([face(0)], [], [], [face(0)]) == [{0: 0, 3: 0}]
    assert link([face(0)], [], [], [], [face(0)]) == [{0: 0}, {4: 0}]


def test_boxes_that_do_not_touch_are_never_linked():
    assert link([face(0)], [face(20)], min_overlap=0.0) == [{0: 0}, {1: 0}]


def test_every_face_belongs_to_exactly_one_track():
    random = np.random.default_rng(1)
    frames = [
        [face(*random.uniform(0, 40, 2)) for _ in range(random.integers(0, 5))] for _ in range(30)
    ]
    found = [(number, which) for track in link(*frames) for number, which in track.items()]
    expected = [
        (number, which) for number, faces in enumerate(frames) for which in range(len(faces))
    ]
    assert sorted(found) == expected
