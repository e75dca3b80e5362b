"""Tests of ClipSpec."""

import json

import pytest

from schemas.clip_spec import ClipSpec


def test_json_brings_back_an_equal_spec():
    spec = ClipSpec(num_clips=2, sample_fps=12.5)
    assert ClipSpec.from_json(spec.to_json()) == spec
    assert list(json.loads(spec.to_json())) == sorted(json.loads(spec.to_json()))


def test_total_frames_are_clips_times_frames():
    assert ClipSpec(num_clips=3, num_frames=5).total_frames == 15


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_clips", 0),
        ("num_frames", -1),
        ("sample_fps", 0.0),
        ("crop_size", 0),
        ("max_tracks", 0),
        ("jpeg_quality", 101),
        ("margin", 0.9),
    ],
)
def test_a_value_out_of_range_is_echoed(field, value):
    with pytest.raises(ValueError, match=rf"{field} must be .*, got {value}"):
        ClipSpec(**{field: value})


def test_an_unknown_field_is_refused():
    with pytest.raises(TypeError, match="num_clip"):
        ClipSpec.from_json('{"num_clip": 1}')
