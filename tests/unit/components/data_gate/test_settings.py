"""Settings of DataGate as the graph hands them over."""

import pytest

from components.data_gate.settings import GateLimits


def test_limits_are_read_from_json():
    limits = GateLimits.from_json(
        '{"max_dead_letter_ratio": 0.1, "min_videos_per_class": 2,'
        ' "blocking_severities": ["ERROR"], "allowed_anomalies": []}'
    )
    assert limits.blocking_severities == ("ERROR",)
    assert limits.allowed_anomalies == ()
    assert GateLimits.from_json(limits.to_json()) == limits


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_dead_letter_ratio": 1.5}, "at least 0 and at most 1, got 1.5"),
        ({"min_videos_per_class": 0}, "at least 1, got 0"),
        ({"blocking_severities": ("FATAL",)}, "one of ERROR, WARNING, got 'FATAL'"),
    ],
)
def test_values_out_of_range_are_refused_with_the_value(values, message):
    with pytest.raises(ValueError, match=f"{next(iter(values))} must be {message}"):
        GateLimits(**values)
