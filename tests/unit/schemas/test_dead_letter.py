"""Tests of DeadLetter."""

import ast
import pathlib

import pytest

from components import video
from schemas import dead_letter
from schemas.dead_letter import DeadLetter


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


def raised_codes(source):
    """Codes of the video errors that a module makes."""
    names = {"VideoError", "NoVideoStreamError", "TooFewFramesError", "UndecodableVideoError"}
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
            yield ast.literal_eval(node.args[0])


def test_every_video_error_has_a_code_of_the_closed_set():
    sources = pathlib.Path(video.__path__[0]).glob("*.py")
    codes = {code for source in sources for code in raised_codes(source)}
    assert {"no_face", "undecodable", "too_few_frames", "decode_timeout"} <= codes
    assert codes <= dead_letter.CODES
