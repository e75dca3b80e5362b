"""Tracks of real videos as crops: order, masks, and the same bytes every time."""

import dataclasses
import io
import pathlib

import numpy as np
import pytest
from coded import raises_code
from PIL import Image

from components.video import clips
from schemas.clip_spec import ClipSpec
from schemas.errors import TooFewFramesError
from schemas.face_config import FaceConfig

REAL_VIDEOS = pathlib.Path(__file__).parents[5] / "shared" / "data" / "clips" / "videos"


def pixels(jpeg):
    """Of a JPEG, as [H, W, 3] uint8 RGB."""
    return np.asarray(Image.open(io.BytesIO(jpeg)))


def test_a_track_is_n_crops_in_display_order(talk, spec, faces, blazeface):
    (track,) = clips.iter_tracks(talk, spec, faces, blazeface)
    assert track.index == 0
    assert len(track.frames) == spec.total_frames == 8
    assert {pixels(frame).shape for frame in track.frames} == {(64, 64, 3)}
    assert track.present.tolist() == [1] * 8
    assert track.present.dtype == np.int64
    # Clips of 3/8 s from 0 s and from 1.96 s - 3/8 s; frames at or after their times.
    assert track.times == pytest.approx([0, 0.16, 0.28, 0.4, 1.6, 1.72, 1.84, 1.96])
    # The face moves by a pixel in 1/25 s.
    centres = track.boxes[:, 0] + track.boxes[:, 2] / 2
    assert np.diff(centres) == pytest.approx(np.diff(track.times) * 25, abs=4)
    assert track.median_face_pixels == pytest.approx(105, rel=0.1)
    assert 0.5 < track.confidence <= 1
    assert track.sharpness > 0


def test_the_same_video_gives_the_same_bytes(talk, spec, faces, blazeface):
    first, second = (list(clips.iter_tracks(talk, spec, faces, blazeface)) for _ in range(2))
    assert [track.frames for track in first] == [track.frames for track in second]


def test_a_frame_without_the_face_stays_black_and_masked(make_video, portrait, spec, blazeface):
    view = portrait[:288, 100:388]
    path = make_video(frames=[view] * 25 + [np.full_like(view, 60)] * 25)
    (track,) = clips.iter_tracks(path, spec, FaceConfig(), blazeface)
    assert track.present.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert pixels(track.frames[0]).mean() > 30
    assert all(pixels(frame).max() == 0 for frame in track.frames[4:])
    assert not track.boxes[4:].any()
    assert np.all(np.diff(track.times) > 0)


@pytest.fixture(scope="session")
def crowd(make_video, portrait):
    """A large face all the time; a smaller one, on the right, in the first half alone."""
    large, small = portrait[:256, 100:356], portrait[:512:2, :512:2]
    both = np.concatenate([large, small], axis=1)
    one = np.concatenate([large, np.full_like(small, 60)], axis=1)
    return make_video(frames=[both] * 25 + [one] * 25)


def test_the_dominant_face_is_the_one_seen_longest(crowd, spec, faces, blazeface):
    found = list(clips.iter_tracks(crowd, spec, faces, blazeface))
    assert [track.index for track in found] == [0, 1]
    assert [track.present.sum() for track in found] == [8, 4]
    assert found[0].median_face_pixels > found[1].median_face_pixels


def test_no_more_tracks_than_asked_for(crowd, spec, faces, blazeface):
    only_one = dataclasses.replace(spec, max_tracks=1)
    assert len(list(clips.iter_tracks(crowd, only_one, faces, blazeface))) == 1


def test_a_face_seen_too_rarely_is_no_track(crowd, spec, blazeface):
    demanding = FaceConfig(min_present=0.75)
    assert len(list(clips.iter_tracks(crowd, spec, demanding, blazeface))) == 1


def test_without_a_face_there_is_an_error_and_no_crop(plain, spec, faces, blazeface):
    with raises_code("no_face", match="no face in any of 8 sampled frames"):
        list(clips.iter_tracks(plain, spec, faces, blazeface))


def test_a_face_below_the_limit_is_too_small(talk, spec, blazeface):
    with raises_code("face_too_small", match="at least 200"):
        list(clips.iter_tracks(talk, spec, FaceConfig(min_face_pixels=200), blazeface))


def test_a_face_in_too_few_frames(make_video, portrait, spec, blazeface):
    view = portrait[:288, 100:388]
    path = make_video(frames=[view] + [np.full_like(view, 60)] * 49)
    with pytest.raises(TooFewFramesError, match="in 1 of 8 sampled frames"):
        list(clips.iter_tracks(path, spec, FaceConfig(), blazeface))


def test_a_video_of_less_than_t_frames(make_video, spec, faces, blazeface):
    with pytest.raises(TooFewFramesError, match="3 frames"):
        list(clips.iter_tracks(make_video(frames=3), spec, faces, blazeface))


def test_each_sampled_frame_is_searched_once(talk, spec, faces, blazeface):
    """In a short video clips share frames."""
    calls = []

    class Counting:
        weights_digest = ""

        def detect(self, frame):
            calls.append(frame.shape)
            return blazeface.detect(frame)

    overlapping = dataclasses.replace(spec, num_clips=10, num_frames=8, sample_fps=5.0)
    (track,) = clips.iter_tracks(talk, overlapping, faces, Counting())
    assert len(track.frames) == 80
    assert len(calls) == len(set(track.times.tolist())) < 50


@pytest.mark.skipif(not REAL_VIDEOS.is_dir(), reason="the shared clips are not here")
@pytest.mark.parametrize("name", ["intel_asl_learn", "grid_bbaf2n", "anitalker_monalisa_mfcc"])
def test_faces_of_real_videos_are_found_in_every_frame(name, faces, blazeface):
    """In intel_asl the face is 57 pixels of 640, with hands passing in front of it."""
    (track,) = clips.iter_tracks(REAL_VIDEOS / f"{name}.mp4", ClipSpec(), faces, blazeface)
    assert track.present.all()


@pytest.mark.skipif(not REAL_VIDEOS.is_dir(), reason="the shared clips are not here")
def test_a_face_that_leaves_is_masked_from_then_on(faces, blazeface):
    path = REAL_VIDEOS / "pyfeat_face_noface.mp4"
    (track,) = clips.iter_tracks(path, ClipSpec(), faces, blazeface)
    assert track.present[:8].all()
    assert not track.present[16:].any()
