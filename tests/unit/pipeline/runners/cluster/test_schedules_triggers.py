"""Cron and intervals as the cluster reads them."""

import pytest
from coded import raises_code

from pipeline.runners.cluster import schedules


@pytest.mark.parametrize(
    "text",
    [
        "0 0 2 * * *",
        "0 */15 * * * ?",
        "0 0 9-17/2 * jan,JUL mon-fri",
        "30 5/10 0,12 1 12 0",
        "59 59 23 31 12 6",
        "@daily",
    ],
)
def test_six_fields_are_taken_as_they_are(text):
    assert schedules.cron(f" {text} ") == text


def test_the_five_fields_of_a_crontab_are_refused_with_what_was_meant():
    """The cluster would take them, seconds first: two minutes past every hour."""
    with raises_code("bad_trigger", match=r"did you mean '0 0 2 \* \* \*'\?"):
        schedules.cron("0 2 * * *")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has 0 fields"),
        ("@every 1h", "has 2 fields"),
        ("0 0 24 * * *", "'24' is no hour"),
        ("60 0 0 * * *", "'60' is no second"),
        ("0 0 0 0 * *", "'0' is no day of month"),
        ("0 0 0 * 13 *", "'13' is no month"),
        ("0 0 0 * * 7", "'7' is no day of week"),
        ("0 5-1 0 * * *", "'5-1' is no minute"),
        ("0 */0 0 * * *", r"'\*/0' is no minute"),
        ("0 1, 0 * * *", "'' is no minute"),
        ("0 -5 0 * * *", "'-5' is no minute"),
        ("0 0 0 * * monday", "'monday' is no day of week"),
        ("0 ² 0 * * *", "is no minute"),
    ],
)
def test_what_the_cluster_would_refuse_or_misread_is_refused(text, message):
    with raises_code("bad_trigger", match=message):
        schedules.cron(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("900", 900), ("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172800)]
)
def test_intervals_have_units(text, seconds):
    assert schedules.interval_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "59", "1.5h", "-1h", "1w", "h"])
def test_other_intervals_are_refused(text):
    with raises_code("bad_trigger", match="--every"):
        schedules.interval_seconds(text)
