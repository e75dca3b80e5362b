"""Tests of the list of erased keys."""

import hashlib

import pytest

from schemas import erased
from schemas.erased import ErasedKey, ErasedKeys
from schemas.video_record import VideoRecord

RECORD = VideoRecord(
    video_id="a", path="a", is_fake=True, dataset="set", manipulation_method="swap",
    target_identity="ann", source_identity="other/bob",
)  # fmt: skip


def key(kind, name):
    return ErasedKey(kind=kind, sha256=erased.digest(name), erased_at="2026-01-01T00:00:00+00:00")


def test_a_list_that_is_not_there_is_empty(tmp_path):
    assert erased.read(tmp_path / "absent.jsonl") == []


def test_keys_come_back_once_and_without_their_names(tmp_path):
    path = tmp_path / "runs" / erased.FILE_NAME
    assert erased.add(path, key(erased.VIDEO, "set/swap/a"))
    assert erased.add(path, key(erased.IDENTITY, "set/ann"))
    assert not erased.add(path, key(erased.VIDEO, "set/swap/a"))
    assert [known.kind for known in erased.read(path)] == ["video", "identity"]
    assert "ann" not in path.read_text()
    assert list(path.parent.iterdir()) == [path]


def test_the_digest_is_the_plain_sha256_of_the_name():
    assert erased.digest("set/ann") == hashlib.sha256(b"set/ann").hexdigest()


@pytest.mark.parametrize(
    ("kind", "name", "covered"),
    [
        (erased.VIDEO, "set/swap/a", True),
        (erased.VIDEO, "set/ann", False),
        (erased.IDENTITY, "set/ann", True),
        (erased.IDENTITY, "other/bob", True),
        (erased.IDENTITY, "set/other/bob", False),
        (erased.IDENTITY, "other/ann", False),
    ],
)
def test_a_video_is_covered_by_its_key_and_by_everybody_in_it(kind, name, covered):
    assert ErasedKeys([key(kind, name)]).covers(RECORD) is covered


def test_an_empty_list_covers_nothing():
    assert not ErasedKeys().covers(RECORD)
