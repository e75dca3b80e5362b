"""Results of Beam pipelines, on a local folder and on a file system of another machine."""

import io
import json
import pathlib
from typing import ClassVar

import apache_beam as beam
import pytest
from apache_beam.io import filesystem
from apache_beam.io.filesystems import FileSystems
from coded import raises_code

from components import beam_lines


class Number:
    def __init__(self, value):
        self.value = value

    def to_json(self):
        return json.dumps(self.value)


class KeptBytes(io.BytesIO):
    def __init__(self, files, path):
        super().__init__()
        self._files, self._path = files, path

    def close(self):
        if not self.closed:
            self._files[self._path] = self.getvalue()
        super().close()


class FarFileSystem(filesystem.FileSystem):
    """Files that only Beam reaches, as those of a bucket: `far://` is no path of this machine."""

    files: ClassVar[dict[str, bytes]] = {}

    @classmethod
    def scheme(cls):
        return "far"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path in sorted(self.files):
            if path.startswith(dir_or_prefix):
                yield self.metadata(path)

    def create(self, path, mime_type="", compression_type=""):
        return KeptBytes(self.files, path)

    def open(self, path, mime_type="", compression_type=""):
        return io.BytesIO(self.files[path])

    def copy(self, source_file_names, destination_file_names):
        for old, new in zip(source_file_names, destination_file_names, strict=True):
            self.files[new] = self.files[old]

    def rename(self, source_file_names, destination_file_names):
        for old, new in zip(source_file_names, destination_file_names, strict=True):
            self.files[new] = self.files.pop(old)

    def exists(self, path):
        return path in self.files

    def size(self, path):
        return len(self.files[path])

    def last_updated(self, path):
        return 0.0

    def metadata(self, path):
        return filesystem.FileMetadata(path, self.size(path))

    def delete(self, paths):
        for path in paths:
            for found in [known for known in self.files if known.startswith(path)]:
                del self.files[found]


def collect(lines, values):
    with beam.Pipeline() as pipeline:
        numbers = pipeline | beam.Create(values) | beam.Map(Number)
        lines.collect("numbers", numbers)


def only_file(folder, pattern):
    (path,) = folder.rglob(pattern)
    return path


def test_values_come_back_as_lines(tmp_path):
    lines = beam_lines.Lines(str(tmp_path / "new"))
    collect(lines, range(100))
    assert sorted(map(int, lines.read("numbers"))) == list(range(100))


def test_nothing_comes_back_as_no_lines(tmp_path):
    lines = beam_lines.Lines(str(tmp_path))
    collect(lines, [])
    assert lines.read("numbers") == []


def test_a_worker_elsewhere_writes_to_any_uri_that_beam_can_open(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = beam_lines.Lines("far://bucket/tmp")
    collect(lines, [1, 2])
    assert sorted(lines.read("numbers")) == ["1", "2"]
    assert all(path.startswith("far://bucket/tmp/attempt-") for path in FarFileSystem.files)
    assert not list(pathlib.Path.cwd().iterdir())  # pathlib would make a folder named `far:`
    FileSystems.delete(["far://bucket"])


def test_what_a_broken_attempt_left_is_not_read(tmp_path):
    broken = beam_lines.Lines(str(tmp_path))
    collect(broken, [1, 2, 3])
    written = only_file(tmp_path, "numbers.jsonl")
    for shard in ("numbers-00000-of-00003", "numbers-00002-of-00003", "numbers.jsonl"):
        (written.parent / shard).write_text("7\n")  # as of an engine that was stopped half-way
        (tmp_path / shard).write_text("8\n")

    again = beam_lines.Lines(str(tmp_path))
    collect(again, [4])
    assert again.read("numbers") == ["4"]


@pytest.mark.parametrize(("kept", "found"), [("1\n", "1 lines"), ("1\n2\n3\n", "3 lines")])
def test_lost_or_added_lines_are_an_error(tmp_path, kept, found):
    lines = beam_lines.Lines(str(tmp_path))
    collect(lines, [1, 2])
    only_file(tmp_path, "numbers.jsonl").write_text(kept)
    with raises_code("beam_results_lost", match=f"{found}, but the Beam runner counted 2; use"):
        lines.read("numbers")


@pytest.mark.parametrize("name", ["numbers.jsonl", "numbers.count"])
def test_a_lost_file_is_an_error(tmp_path, name):
    lines = beam_lines.Lines(str(tmp_path))
    collect(lines, [1, 2])
    only_file(tmp_path, name).unlink()
    with raises_code("beam_results_lost", match=f"did not write .*{name}"):
        lines.read("numbers")


def test_every_video_must_have_exactly_one_outcome():
    beam_lines.check_outcomes(["a", "b"], ["a"], ["b"])
    for accepted, rejected in (
        (["a"], []),
        ([], []),
        (["a", "b"], ["b"]),
        (["a"], ["b", "b"]),
        (["a"], ["b", "c"]),
    ):
        with raises_code("beam_results_lost", match=r"1 of 2 videos were not|2 of 2 videos"):
            beam_lines.check_outcomes(["a", "b"], accepted, rejected)
