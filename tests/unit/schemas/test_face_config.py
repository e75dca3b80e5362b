"""Tests of FaceConfig."""

import pytest

from schemas.face_config import FaceConfig


def test_json_brings_back_an_equal_configuration():
    config = FaceConfig(min_score=0.75, max_gap_frames=2)
    assert FaceConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize("value", [0, 1])
def test_the_ends_of_the_range_are_allowed(value):
    assert FaceConfig(min_score=value, min_overlap=value, min_present=value).min_score == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_score", 1.1),
        ("min_overlap", -0.1),
        ("min_present", 2),
        ("min_face_pixels", 0),
        ("max_gap_frames", 0),
    ],
)
def test_a_value_out_of_range_is_echoed(field, value):
    with pytest.raises(ValueError, match=rf"{field} must be .*, got {value}"):
        FaceConfig(**{field: value})
