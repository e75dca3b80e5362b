"""Tests of files that are replaced at once, and of digests of files."""

import hashlib
import os
import threading

import pytest

from schemas import files


@pytest.mark.parametrize("is_durable", [False, True])
@pytest.mark.parametrize(("content", "expected"), [("ä\r\n", b"\xc3\xa4\r\n"), (b"\0", b"\0")])
def test_a_file_is_written_as_it_is_and_its_folder_made(tmp_path, content, expected, is_durable):
    path = tmp_path / "new" / "file.txt"
    files.write(path, content, is_durable=is_durable)
    files.write(path, content, is_durable=is_durable)
    assert path.read_bytes() == expected
    assert list(path.parent.iterdir()) == [path]


def test_a_durable_file_and_its_name_are_on_the_disk_before_the_call_returns(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    path = tmp_path / "file"
    files.write(path, "x")
    assert not synced
    files.write(path, "y", is_durable=True)
    assert synced == [path.stat().st_ino, tmp_path.stat().st_ino]


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail():
        with files.replacing(path) as draft:
            draft.write_text("ne")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_sees_one_of_the_files_that_several_writers_wrote(tmp_path):
    path = tmp_path / "file"
    texts = [letter * 100_000 for letter in "abcd"]
    files.write(path, texts[0])
    writers = [threading.Thread(target=files.write, args=(path, text)) for text in texts * 5]
    for writer in writers:
        writer.start()
    seen = {path.read_text() for _ in range(50)}
    for writer in writers:
        writer.join()
    assert seen <= set(texts)
    assert path.read_text() in texts


def test_the_digest_of_a_file_larger_than_a_chunk(tmp_path):
    content = os.urandom(3 << 20) + b"rest"
    path = tmp_path / "file"
    path.write_bytes(content)
    assert files.sha256(path) == hashlib.sha256(content).hexdigest()
    with pytest.raises(FileNotFoundError):
        files.sha256(tmp_path / "gone")
