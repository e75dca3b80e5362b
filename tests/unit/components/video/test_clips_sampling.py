"""Which frames a track is made of, by their times alone."""

import itertools

import numpy as np
import pytest

from components.video import clips as video_clips
from schemas.clip_spec import ClipSpec
from schemas.errors import TooFewFramesError


def spec(num_clips=4, num_frames=8, sample_fps=8.0):
    return ClipSpec(num_clips=num_clips, num_frames=num_frames, sample_fps=sample_fps)


def regular(num_frames, fps=25.0):
    return [number / fps for number in range(num_frames)]


def test_clips_reach_from_the_first_frame_to_the_last():
    clips = video_clips.clip_indices(regular(251), spec())
    assert [clip[0] for clip in clips] == [0, 77, 153, 229]  # (10 s - 7/8 s) / 3 apart
    assert clips[-1][-1] == 250


def test_frames_are_the_first_at_or_after_their_time():
    assert video_clips.clip_indices(regular(100), spec(1, 4)) == [[45, 48, 52, 55]]
    assert video_clips.clip_indices(regular(64, fps=8.0), spec(2, 4)) == [
        [0, 1, 2, 3],
        [60, 61, 62, 63],
    ]


@pytest.mark.parametrize("fps", [5.0, 12.5, 24.0, 29.97, 60.0, 240.0])
def test_time_between_frames_does_not_depend_on_the_rate_of_the_video(fps):
    times = regular(int(20 * fps), fps)
    for clip in video_clips.clip_indices(times, spec()):
        steps = np.diff([times[index] for index in clip])
        expected = max(1 / 8, 1 / fps)
        assert np.allclose(steps, expected, atol=1 / fps + 1e-9)


def test_a_variable_rate_is_sampled_by_time_and_not_by_index():
    times = [*np.linspace(0, 1, 101), *np.linspace(1.125, 10, 72)]  # 100 fps, then 8 fps
    first = video_clips.clip_indices(times, spec(num_clips=2, num_frames=16))[0]
    assert np.allclose([times[index] for index in first], np.arange(16) / 8, atol=0.011)


def test_a_video_shorter_than_a_clip_is_sampled_from_end_to_end():
    assert video_clips.clip_indices(regular(15), spec(3, 8)) == [[0, 2, 4, 6, 8, 10, 12, 14]] * 3


def test_a_video_of_t_frames_gives_each_of_them_once():
    assert video_clips.clip_indices(regular(8), spec()) == [list(range(8))] * 4


def test_one_frame_less_is_too_few():
    with pytest.raises(TooFewFramesError, match="7 frames, but a clip takes 8"):
        video_clips.clip_indices(regular(7), spec())


def test_indices_ascend_and_stay_inside_whatever_the_times():
    random = np.random.default_rng(0)
    for _ in range(300):
        num_frames = int(random.integers(8, 60))
        times = np.cumsum(random.choice([0.0, 0.01, 0.04, 0.5], num_frames)).tolist()
        clips = video_clips.clip_indices(times, spec(int(random.integers(1, 6))))
        for clip in clips:
            assert clip[0] >= 0
            assert clip[-1] < num_frames
            assert all(a < b for a, b in itertools.pairwise(clip))
