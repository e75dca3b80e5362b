"""Tests of the input fingerprint."""

import os

import pytest

from components.video_validator import fingerprint


@pytest.fixture
def data(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"aaaa")
    manifest = tmp_path / "videos.csv"
    manifest.write_text("video_id,path,label\na,a.mp4,real\nb,b.mp4,fake\n")
    return manifest


def of(manifest):
    return fingerprint.of(str(manifest), "")


def test_times_and_places_do_not_count(data, tmp_path_factory):
    before = of(data)
    os.utime(data.parent / "a.mp4", (0, 0))
    assert of(data) == before
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for file in data.parent.iterdir():
        (elsewhere / file.name).write_bytes(file.read_bytes())
    assert fingerprint.of(str(data), str(elsewhere)) == before


def test_a_byte_of_a_video_counts_even_with_size_and_time_kept(data):
    before = of(data)
    video = data.parent / "a.mp4"
    stat = video.stat()
    video.write_bytes(b"aaab")
    os.utime(video, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert of(data) != before


def test_a_label_counts(data):
    before = of(data)
    data.write_text(data.read_text().replace("fake", "real"))
    assert of(data) != before


def test_a_file_that_appears_counts(data):
    before = of(data)
    (data.parent / "b.mp4").write_bytes(b"")
    assert of(data) != before


def test_an_unreadable_manifest_has_a_fingerprint_too(data):
    data.write_bytes(b"\xff")
    assert len(of(data)) == 64
    assert len(of(data.parent / "absent.csv")) == 64


def test_the_list_of_erased_keys_counts_once_it_is_there(data):
    before = of(data)
    listed = data.parent / "erased.jsonl"
    assert fingerprint.of(str(data), "", str(listed)) == before
    listed.write_text("{}")
    first = fingerprint.of(str(data), "", str(listed))
    listed.write_text("{}{}")
    assert len({before, first, fingerprint.of(str(data), "", str(listed))}) == 3


def test_a_list_in_a_bucket_that_is_not_here_is_for_the_executor_to_refuse(data):
    assert fingerprint.of(str(data), "", "gs://nobody/erased.jsonl") == of(data)
