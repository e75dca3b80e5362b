"""Tests of the rules for probed videos."""

import dataclasses

import pytest

from components.video.probe import VideoInfo
from components.video_validator.rules import first_broken
from components.video_validator.settings import VideoRules

RULES = VideoRules(
    min_duration_seconds=0.5,
    max_duration_seconds=60,
    min_fps=5,
    max_fps=120,
    min_side_pixels=64,
)
GOOD = VideoInfo(
    container="mp4",
    codec="h264",
    num_frames=50,
    fps=25.0,
    duration_seconds=2.0,
    width=640,
    height=480,
    rotation=0,
    size_bytes=1000,
    digest="0",
    truncated=False,
)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"truncated": True}, "truncated"),
        ({"duration_seconds": 0.49}, "too_short"),
        ({"duration_seconds": 60.1}, "too_long"),
        ({"width": 63}, "too_small"),
        ({"height": 63}, "too_small"),
        ({"fps": 4.9}, "frame_rate_out_of_range"),
        ({"fps": 121.0}, "frame_rate_out_of_range"),
        ({"truncated": True, "duration_seconds": 0.1}, "truncated"),
    ],
)
def test_each_limit_has_its_code(change, code):
    broken = first_broken(dataclasses.replace(GOOD, **change), RULES)
    assert broken is not None
    assert broken.code == code


@pytest.mark.parametrize(
    "change",
    [{}, {"duration_seconds": 0.5}, {"duration_seconds": 60.0}, {"width": 64}, {"fps": 5.0}],
)
def test_a_video_at_the_limit_is_accepted(change):
    assert first_broken(dataclasses.replace(GOOD, **change), RULES) is None
