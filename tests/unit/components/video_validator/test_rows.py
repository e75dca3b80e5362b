"""Tests of the row checks."""

import pytest

from components.video_validator import rows
from schemas import erased
from schemas.erased import ErasedKey, ErasedKeys
from schemas.manifest import Row


@pytest.fixture
def validate(tmp_path):
    """Validates rows given as dicts, over which a valid row's values are filled in."""
    (tmp_path / "a.mp4").write_bytes(b"a video")

    def check(*values):
        full = [{"video_id": f"v{n}", "path": "a.mp4", "label": "real"} | v for n, v in
                enumerate(values)]  # fmt: skip
        given = [Row(number=n, values=v) for n, v in enumerate(full, start=1)]
        return rows.validate(given, lambda path: str(tmp_path / path))

    return check


def code(outcome):
    candidates, [letter] = outcome
    assert not candidates
    return letter.code, letter.message


def test_a_real_row_gets_the_pristine_defaults(validate, tmp_path):
    [candidate], letters = validate({"label": "real"})
    assert not letters
    assert candidate.record.key == "unknown/original/v0"
    assert candidate.record.manipulation_type == "none"
    assert candidate.record.path == str(tmp_path / "a.mp4")
    assert candidate.written_path == "a.mp4"


def test_a_fake_row_without_method_is_of_an_unknown_one(validate):
    [candidate], _ = validate({"label": "FAKE"})
    assert candidate.record.is_fake
    assert candidate.record.key == "unknown/unknown/v0"
    assert candidate.record.manipulation_type == "unknown"


def test_unknown_counts_as_empty(validate):
    unknown = {"target_identity": "unknown", "source_video": "Unknown", "dataset": "unknown"}
    [candidate], letters = validate(unknown | {"manipulation_method": "unknown"})
    assert not letters
    assert candidate.record.target_identity is None
    assert candidate.record.source_video is None
    assert candidate.record.manipulation_method == "original"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"label": "fak"}, "got 'fak'; did you mean fake?"),
        ({"context": "newz"}, "did you mean news?"),
        ({"label": "fake", "manipulation_type": "faceswap"}, "did you mean face_swap?"),
        ({"video_id": "a\tb"}, "control character"),
        ({"target_identity": "a\0"}, "control character"),
    ],
)
def test_a_row_against_the_schema_is_invalid(validate, values, said):
    found, message = code(validate(values))
    assert found == "invalid_row"
    assert said in message


def test_an_empty_required_cell_is_invalid_and_named_by_row():
    row = Row(number=3, values={"path": "a.mp4", "label": "real"})
    _, [letter] = rows.validate([row], str)
    assert (letter.code, letter.record_key, letter.path) == ("invalid_row", "row 3", "a.mp4")
    assert "video_id is empty" in letter.message


def test_an_unreadable_row_keeps_its_problem():
    _, [letter] = rows.validate([Row(number=1, problem="4 cells")], str)
    assert (letter.code, letter.message) == ("invalid_row", "row 1: 4 cells")


def test_the_first_of_two_rows_with_one_key_stays(validate):
    [candidate], [letter] = validate({"video_id": "x"}, {"video_id": "x"})
    assert candidate.row == 1
    assert letter.code == "duplicate_key"
    assert "row 2 has the key of row 1" in letter.message


def test_one_id_under_two_methods_is_two_videos(validate):
    fake = {"label": "fake", "video_id": "x"}
    candidates, letters = validate(
        fake | {"manipulation_method": "a"}, fake | {"manipulation_method": "b"}
    )
    assert len(candidates) == 2
    assert not letters


@pytest.mark.parametrize(
    "values",
    [
        {"label": "real", "manipulation_method": "deepfakes"},
        {"label": "real", "manipulation_type": "face_swap"},
        {"label": "fake", "manipulation_method": "original"},
        {"label": "fake", "manipulation_type": "none"},
    ],
)
def test_a_label_against_method_or_type_is_a_conflict(validate, values):
    assert code(validate(values))[0] == "label_conflict"


def test_a_missing_file_keeps_what_is_known_of_the_row(validate):
    values = {"label": "fake", "path": "b.mp4", "dataset": "d", "manipulation_method": "m"}
    _, [letter] = validate(values)
    assert letter.code == "missing_file"
    assert (letter.record_key, letter.path, letter.is_fake) == ("d/m/v0", "b.mp4", True)
    assert (letter.dataset, letter.manipulation_method) == ("d", "m")


def test_an_erased_row_is_left_out_and_its_letter_names_nobody(tmp_path):
    values = {"video_id": "v1", "path": "gone.mp4", "label": "real", "dataset": "set"}
    named = Row(number=7, values=values | {"target_identity": "ann"})
    key = ErasedKey(kind="identity", sha256=erased.digest("set/ann"), erased_at="")
    candidates, [letter] = rows.validate([named], str, ErasedKeys([key]))
    assert not candidates
    assert (letter.code, letter.record_key) == ("erased", "row 7")
    assert not any(name in letter.to_json() for name in ("ann", "v1", "gone"))


def test_a_row_of_somebody_else_stays(tmp_path):
    key = ErasedKey(kind="video", sha256=erased.digest("set/original/v2"), erased_at="")
    (tmp_path / "a.mp4").write_bytes(b"")
    values = {"video_id": "v1", "path": "a.mp4", "label": "real", "dataset": "set"}
    found = rows.validate(
        [Row(number=1, values=values)], lambda path: str(tmp_path / path), ErasedKeys([key])
    )
    assert len(found[0]) == 1
