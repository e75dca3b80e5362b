"""Tests of the manifest reader."""

import dataclasses
import json

import pytest
from coded import raises_code

from schemas import features, manifest
from schemas.video_record import VideoRecord


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, name="videos.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return manifest.read(str(path)).rows

    return write_and_read


def test_csv_rows_keep_their_order_and_lose_spaces_and_empty_cells(read):
    rows = read("video_id, path ,label,dataset\r\n a ,a.mp4, Real,\r\n\r\nb,b.mp4,fake,x\r\n")
    assert [row.number for row in rows] == [1, 2]
    assert rows[0].values == {"video_id": "a", "path": "a.mp4", "label": "Real"}
    assert rows[1].values["dataset"] == "x"


def test_byte_order_mark_and_quoted_line_breaks_are_read(read):
    rows = read('video_id,path,label\n"a\u2028\nb",a.mp4,real\n', encoding="utf-8-sig")
    assert rows[0].values["video_id"] == "a\u2028\nb"


def test_jsonl_takes_text_numbers_and_null(read):
    lines = [{"video_id": 7, "path": "a.mp4", "label": "real", "dataset": None}, ["not a row"]]
    text = "\n".join(map(json.dumps, lines)) + "\n\n{broken\n"
    rows = read(text, name="videos.jsonl")
    assert rows[0].values == {"video_id": "7", "path": "a.mp4", "label": "real"}
    assert "not a JSON object" in rows[1].problem
    assert "not JSON" in rows[2].problem


def test_jsonl_refuses_a_nested_value(read):
    line = json.dumps({"video_id": "a", "path": ["a.mp4"], "label": "real"})
    assert "path must be text, a number or null" in read(line, name="v.jsonl")[0].problem


def test_a_row_with_too_many_cells_is_a_problem_of_that_row(read):
    rows = read("video_id,path,label\na,a.mp4,real,extra\nb,b.mp4,fake\n")
    assert rows[0].problem.startswith("4 cells where the header has 3")
    assert not rows[1].problem


def test_a_missing_column_is_named_with_the_nearest_one(read):
    with raises_code("manifest_column_missing", match=r"label \(is 'labell' meant") as caught:
        read("video_id,path,Labell\na,a.mp4,real\n")
    assert caught.value.code == "manifest_column_missing"


def test_unknown_columns_are_ignored_and_named(tmp_path):
    path = tmp_path / "videos.csv"
    path.write_text("video_id,path,label,mood\na,a.mp4,real,good\n")
    found = manifest.read(str(path))
    assert "mood" not in found.rows[0].values
    assert found.unknown_columns == ("mood",)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("v.xlsx", b"", "must end in .csv or .jsonl"),
        ("v.csv", b"video_id,path,label\n\xff,a.mp4,real\n", "not UTF-8"),
        ("v.csv", b"video_id,path,label,path\n", "'path' appears more than once"),
        ("v.csv", b'video_id,path,label\n"a,b,c\n', "not UTF-8 csv"),
    ],
)
def test_an_unreadable_manifest_says_why(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with raises_code("manifest_unreadable", match=said) as caught:
        manifest.read(str(path))
    assert caught.value.code == "manifest_unreadable"


def test_an_absent_manifest_is_unreadable(tmp_path):
    with raises_code("manifest_unreadable", match=r"absent.csv: No such file"):
        manifest.read(str(tmp_path / "absent.csv"))


def test_paths_are_relative_to_the_root_or_to_the_manifest(tmp_path):
    path = str(tmp_path / "list" / "videos.csv")
    assert manifest.resolve("a.mp4", path, "") == str(tmp_path / "list" / "a.mp4")
    assert manifest.resolve("a.mp4", path, str(tmp_path)) == str(tmp_path / "a.mp4")
    assert manifest.resolve("/x/a.mp4", path, str(tmp_path)) == "/x/a.mp4"


def test_what_is_written_is_read_back(tmp_path):
    records = [
        VideoRecord(
            video_id='a,"b"',
            path="a.mp4",
            is_fake=True,
            manipulation_method="swap",
            target_identity="ann",
            split="train",
            digest="d",
        ),
        VideoRecord(video_id="c", path="c.mp4", is_fake=False),
    ]
    path = tmp_path / "videos.csv"
    path.write_text(manifest.to_csv(records), newline="")
    found = manifest.read(str(path))
    assert not found.unknown_columns
    assert [row.values["label"] for row in found.rows] == ["fake", "real"]
    for row, record in zip(found.rows, records, strict=True):
        stated = {name: getattr(record, name) for name in manifest.RECORD_COLUMNS}
        assert row.values == {
            "label": row.values["label"],
            **{name: value for name, value in stated.items() if value is not None},
        }


def test_a_field_of_the_record_is_a_column_only_if_it_is_listed():
    """A new field breaks this test until somebody says on which side it is."""
    added = {"split", "component_id", "digest", "container", "codec", "num_frames"}
    added |= {"fps", "duration_seconds", "width", "height"}
    fields = {field.name for field in dataclasses.fields(VideoRecord)}
    assert fields == {*manifest.RECORD_COLUMNS, features.IS_FAKE, *added}
    assert not added & {*manifest.RECORD_COLUMNS}
