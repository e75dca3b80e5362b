"""Settings of VideoValidator as the graph hands them over."""

import pytest

from components.video_validator.settings import SplitPlan, VideoRules


def test_rules_come_back_from_json():
    rules = VideoRules(min_fps=12.5, min_side_pixels=32)
    assert VideoRules.from_json(rules.to_json()) == rules


def test_rules_refuse_a_field_they_do_not_know():
    with pytest.raises(TypeError, match=r"unknown fields \['min_duration'\]"):
        VideoRules.from_json('{"min_duration": 1}')


def test_the_plan_is_read_from_json():
    text = '{"train": 0.4, "val": 0.2, "calibration": 0.2, "test": 0.2, "seed": 7}'
    plan = SplitPlan.from_json(text)
    assert plan.seed == 7
    assert plan.fractions == {"train": 0.4, "val": 0.2, "calibration": 0.2, "test": 0.2}


@pytest.mark.parametrize(
    ("settings", "values", "message"),
    [
        (VideoRules, {"min_fps": -1}, "min_fps must be at least 0, got -1"),
        (
            VideoRules,
            {"min_duration_seconds": 5, "max_duration_seconds": 4},
            r"max_duration_seconds must be greater than min_duration_seconds \(5\), got 4",
        ),
        (SplitPlan, {"train": 0.99}, "train must be at least 0.01 and at most 0.97, got 0.99"),
        (SplitPlan, {"train": 0.5}, "the sum of the fractions must be 1, got 0.95"),
    ],
)
def test_values_out_of_range_are_refused_with_the_value(settings, values, message):
    with pytest.raises(ValueError, match=message):
        settings(**values)
