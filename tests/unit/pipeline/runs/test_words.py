"""Counts, times and long texts as a reader wants them."""

import pytest

from pipeline.runs import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0s"), (59.94, "59.9s"), (60, "1:00"), (65.4, "1:05"), (7384, "2:03:04")],
)
def test_a_column_of_a_terminal_has_short_times(seconds, text):
    assert words.clock(seconds) == text


def test_json_inside_of_json_is_laid_out():
    assert words.readable('{"clip": "{\\"size\\": 96}"}') == (
        '{\n  "clip": {\n    "size": 96\n  }\n}'
    )


def test_what_only_looks_like_json_stays():
    assert words.readable("[not json") == "[not json"


def test_durations_have_the_unit_that_fits():
    assert [words.between(1, 1 + 1000 * s) for s in (2, 62, 3720)] == [
        "2.0 s",
        "1 min 2 s",
        "1 h 2 min",
    ]
    assert words.between(0, 5) == ""


def test_an_unknown_moment_is_nothing():
    assert words.moment(0) == ""
    assert words.moment(1_800_000_000_000) == "2027-01-15 08:00:00 UTC"


def test_what_is_cut_says_that_there_was_more():
    assert words.shortened("four words in all", 11) == "four words…"
    assert words.shortened("all of it", 9) == "all of it"


def test_one_is_one_and_many_are_many():
    assert [words.counted(n, "run") for n in (0, 1, 2000)] == ["0 runs", "1 run", "2,000 runs"]
    assert words.counted(2, "entry", "entries") == "2 entries"
