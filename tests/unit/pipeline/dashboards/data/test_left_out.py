"""Videos that were left out: counted by code, listed, and not too many of them."""

import pathlib

from components.data_gate import rules
from pipeline.dashboards import sources as outputs
from pipeline.dashboards import tables
from pipeline.dashboards.data import files, left_out
from schemas import erased, video_record
from schemas.dead_letter import CODES, DeadLetter
from schemas.video_record import VideoRecord


def letter(number, code="too_short", **others):
    return DeadLetter(record_key=f"lab/swap/v{number}", code=code, message="it is", **others)


def letters(*found, num_inputs=100, node="VideoValidator"):
    folder = pathlib.Path("artifacts") / node
    return files.Letters(node=node, folder=folder, letters=tuple(found), num_inputs=num_inputs)


def test_codes_are_counted_the_most_frequent_first():
    early = letters(letter(1), letter(2), letter(3, "truncated"))
    late = letters(letter(4, "no_face"), num_inputs=97, node="FrameExtractor")
    table = left_out.letters_by_code([early, late])
    shown = [tuple(cell.text for cell in row.cells[:4]) for row in table.rows]
    assert shown == [
        ("too_short", "VideoValidator", "2", "2.0 %"),
        ("no_face", "FrameExtractor", "1", "1.0 %"),
        ("truncated", "VideoValidator", "1", "1.0 %"),
    ]


def test_every_code_and_every_rule_has_a_meaning():
    assert set(left_out.LETTERS) == CODES
    assert all(meaning and advice for meaning, advice in left_out.LETTERS.values())
    assert set(left_out.RULES) == {
        "leakage" if rule is rules.leaking_names else rule.__name__ for rule in rules.ALL
    }


def test_hundreds_of_letters_stay_usable():
    found = [letters(*map(letter, range(left_out.MAX_LETTERS + 7)), num_inputs=1000)]
    table = left_out.listed_letters(found)
    assert len(table.rows) == left_out.MAX_LETTERS
    assert table.is_searchable
    more = left_out.more_letters(found)
    assert more.startswith("and 7 more")
    assert str(pathlib.Path("artifacts/VideoValidator")) in more


def test_few_letters_are_all_listed_with_their_label():
    found = [letters(letter(1, is_fake=True), letter(2, is_fake=None))]
    assert [row.cells[3].text for row in left_out.listed_letters(found).rows] == [
        "fake",
        tables.UNDEFINED,
    ]
    assert left_out.more_letters(found) == ""


def test_nothing_left_out_is_no_table():
    assert left_out.letters_by_code([letters()]) is None
    assert left_out.listed_letters([letters()]) is None


def test_erased_videos_do_not_count_as_bad_ones():
    found = [letters(letter(1), letter(2, "erased"))]
    assert left_out.num_letters(found) == 2
    assert left_out.num_letters(found, with_erased=False) == 1


def test_a_letter_of_a_video_that_was_erased_since_is_not_shown(recorded, run, tmp_path):
    recorded.write_letters(tmp_path / "letters", [letter(1), letter(2)])
    artifacts = {outputs.REJECTED[0]: [recorded.artifact(tmp_path / "letters", num_inputs=9)]}
    key = erased.ErasedKey(
        kind=erased.VIDEO, sha256=erased.digest("lab/swap/v1"), erased_at="2026-01-03"
    )
    erased.add(tmp_path / erased.FILE_NAME, key)
    [found] = files.letters(run(artifacts))
    assert [one.record_key for one in found.letters] == ["lab/swap/v2"]
    assert (found.node, found.num_inputs) == ("VideoValidator", 9)


def test_a_letter_of_a_video_of_an_erased_person_is_not_shown(recorded, run, tmp_path):
    person = VideoRecord(
        dataset="lab",
        manipulation_method="swap",
        video_id="v1",
        path="v1.mp4",
        is_fake=True,
        target_identity="person1",
    )
    (tmp_path / "manifest").mkdir()
    video_record.write(tmp_path / "manifest" / video_record.FILE_NAME, [person])
    recorded.write_letters(tmp_path / "letters", [letter(1), letter(2)])
    artifacts = {
        outputs.MANIFEST: [recorded.artifact(tmp_path / "manifest")],
        outputs.REJECTED[1]: [recorded.artifact(tmp_path / "letters", num_inputs=9)],
    }
    key = erased.ErasedKey(
        kind=erased.IDENTITY, sha256=erased.digest("lab/person1"), erased_at="2026-01-03"
    )
    erased.add(tmp_path / erased.FILE_NAME, key)
    [found] = files.letters(run(artifacts))
    assert [one.record_key for one in found.letters] == ["lab/swap/v2"]
