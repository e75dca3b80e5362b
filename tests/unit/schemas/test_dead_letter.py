"""Tests of DeadLetter."""

import pytest
from coded import raised_codes

from schemas import dead_letter
from schemas.dead_letter import DeadLetter
from schemas.errors import VideoError


def test_json_brings_back_an_equal_letter_on_one_line():
    letter = DeadLetter(record_key="a", code="no_face", message="two\nlines", is_fake=True)
    assert DeadLetter.from_json(letter.to_json()) == letter
    assert "\n" not in letter.to_json()


def test_an_unknown_code_is_echoed():
    with pytest.raises(ValueError, match="got 'bad_luck'"):
        DeadLetter(record_key="a", code="bad_luck", message="")


def test_no_code_is_of_two_stages():
    stages = (
        dead_letter.MANIFEST_CODES,
        dead_letter.PROBE_CODES,
        dead_letter.EXTRACTION_CODES,
    )
    assert sum(map(len, stages)) == len(dead_letter.CODES)


def test_video_errors_have_codes_of_the_closed_set_and_all_of_extraction_are_raised():
    codes = set(
        raised_codes("VideoError", *(kind.__name__ for kind in VideoError.__subclasses__()))
    )
    assert codes <= dead_letter.CODES
    assert set(dead_letter.EXTRACTION_CODES) <= codes
