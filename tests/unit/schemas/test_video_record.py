"""Tests of VideoRecord and its JSON lines."""

import pytest

from schemas import video_record
from schemas.video_record import VideoRecord

RECORD = VideoRecord(
    video_id="a b\u2028é", path="/x/a.mp4", is_fake=True, dataset="d", manipulation_method="m"
)


def test_the_key_is_dataset_method_and_id():
    assert VideoRecord(video_id="7", path="a", is_fake=False).key == "unknown/original/7"
    assert RECORD.key == "d/m/a b\u2028é"


def test_files_bring_back_records_in_order(tmp_path):
    records = [RECORD, VideoRecord(video_id="7", path="a", is_fake=False, fps=29.97)]
    path = tmp_path / "videos.jsonl"
    video_record.write(path, records)
    assert video_record.read(path) == records
    video_record.write(path, reversed(records))
    assert video_record.read(str(path)) == records[::-1]


def test_an_empty_file_holds_no_record(tmp_path):
    video_record.write(tmp_path / "videos.jsonl", [])
    assert video_record.read(tmp_path / "videos.jsonl") == []


def test_a_field_that_is_not_known_is_refused():
    with pytest.raises(TypeError, match="mood"):
        VideoRecord.from_json('{"video_id": "a", "path": "a", "is_fake": true, "mood": 1}')
