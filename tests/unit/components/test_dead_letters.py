"""Tests of writing and reading DeadLetters artifacts."""

import pytest

from components import artifact_types, dead_letters
from schemas.dead_letter import DeadLetter


@pytest.fixture
def artifact(tmp_path):
    made = artifact_types.DeadLetters()
    made.uri = str(tmp_path / "letters")
    return made


def letter(key, code="no_face"):
    return DeadLetter(record_key=key, code=code, message="two\nlines \u2028 and é")


def test_letters_come_back_sorted_by_key(artifact):
    dead_letters.write(artifact, [letter("b"), letter("a")], num_inputs=5)
    assert dead_letters.read(artifact.uri) == [letter("a"), letter("b")]


def test_properties_count_letters_by_code(artifact):
    letters = [letter("a"), letter("b"), letter("c", code="too_short")]
    dead_letters.write(artifact, letters, num_inputs=5)
    assert (artifact.num_letters, artifact.num_inputs) == (3, 5)
    assert artifact.get_int_custom_property("code/no_face") == 2
    assert artifact.get_int_custom_property("code/too_short") == 1


def test_equal_letters_in_another_order_give_equal_bytes(artifact, tmp_path):
    dead_letters.write(artifact, [letter("b"), letter("a")], num_inputs=5)
    [first] = (path.read_bytes() for path in (tmp_path / "letters").iterdir())
    dead_letters.write(artifact, [letter("a"), letter("b")], num_inputs=5)
    [second] = (path.read_bytes() for path in (tmp_path / "letters").iterdir())
    assert first == second


def test_no_letters_are_a_valid_artifact(artifact):
    dead_letters.write(artifact, [], num_inputs=5)
    assert dead_letters.read(artifact.uri) == []
    assert artifact.num_letters == 0
