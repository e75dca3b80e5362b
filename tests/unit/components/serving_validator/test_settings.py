"""Settings of ServingValidator as the graph hands them over."""

import pytest

from components.serving_validator.settings import CheckSettings


def test_settings_come_back_from_json():
    settings = CheckSettings(num_requests=3, request_timeout_seconds=2.5)
    assert CheckSettings.from_json(settings.to_json()) == settings


def test_unknown_settings_are_refused():
    with pytest.raises(TypeError, match=r"unknown fields \['num_request'\]"):
        CheckSettings.from_json('{"num_request": 8}')


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("num_requests", 0, "at least 1 and at most 1000"),
        ("startup_timeout_seconds", 4000.0, "at least 1 and at most 3600"),
        ("request_timeout_seconds", 0.5, "at least 1 and at most 3600"),
        ("max_score_difference", 2.0, "at least 0 and at most 1"),
    ],
)
def test_values_out_of_range_are_refused_with_the_value(field, value, expected):
    with pytest.raises(ValueError, match=f"{field} must be {expected}, got {value}"):
        CheckSettings(**{field: value})
