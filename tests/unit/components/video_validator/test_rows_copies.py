"""Tests of the search for copies."""

import pytest

from components.video_validator import rows
from components.video_validator.rows import Candidate


@pytest.fixture
def candidate(video):
    def make(row, digest, **fields):
        record = video(f"v{row}", digest=digest, **fields)
        return Candidate(record=record, row=row, written_path="x")

    return make


def test_of_equal_files_the_first_row_stays(candidate):
    sifted = rows.sift([candidate(3, "same"), candidate(1, "same"), candidate(2, "other")])
    assert [kept.row for kept in sifted.kept] == [1, 2]
    assert [copy.row for copy in sifted.copies] == [3]
    [letter] = sifted.letters
    assert (letter.code, letter.record_key) == ("exact_duplicate", "set/original/v3")
    assert "set/original/v1 (row 1)" in letter.message


def test_a_file_under_both_labels_goes_whole(candidate):
    sifted = rows.sift(
        [candidate(1, "same"), candidate(2, "same", fake=True), candidate(3, "same")]
    )
    assert not sifted.kept
    assert not sifted.copies
    assert [letter.code for letter in sifted.letters] == ["label_conflict"] * 3
