"""FrameExtractor on real videos, from a manifest to examples and dead letters."""

import hashlib
import json
import logging
import os
import pathlib

import pytest
import tensorflow as tf
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components import dead_letters
from components.frame_extractor import keys
from components.video import preprocessing
from schemas import features, progress, taxonomy, track_index
from schemas.face_config import FaceConfig


def read(examples, split):
    """The examples of a split, in file order."""
    folder = artifact_utils.get_split_uri([examples], split)
    files = sorted(str(path) for path in pathlib.Path(folder).iterdir())
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return [tf.train.Example.FromString(value.numpy()) for value in dataset]


def text(example, key):
    (value,) = example.features.feature[key].bytes_list.value
    return value.decode()


@pytest.fixture(scope="module")
def mixed(make_record):
    """Five videos: three that give tracks, two that cannot be used."""
    return [
        make_record("one", split="val"),
        make_record("two", split="train"),
        make_record("two", split="train", is_fake=True, manipulation_method="swap"),
        make_record("none", split="test"),
        make_record("broken", split="train", is_fake=True, manipulation_method="swap"),
    ]


@pytest.fixture(scope="module")
def extracted(run, mixed):
    """Examples and DeadLetters of `mixed`."""
    return run(mixed)


def test_every_video_becomes_examples_in_its_split_or_a_letter(extracted):
    examples, letters = extracted
    assert artifact_utils.decode_split_names(examples.split_names) == list(taxonomy.SPLITS)
    found = {
        split: [text(example, features.VIDEO_KEY) for example in read(examples, split)]
        for split in taxonomy.SPLITS
    }
    assert found == {
        # Every face of a pristine video; of a fake with two people the dominant face.
        "train": ["made/original/two/0", "made/original/two/1", "made/swap/two/0"],
        "val": ["made/original/one/0"],
        "calibration": [],
        "test": [],
    }
    found_letters = dead_letters.read(letters.uri)
    assert [(x.record_key, x.code, x.split, x.is_fake) for x in found_letters] == [
        ("made/original/none", "no_face", "test", False),
        ("made/swap/broken", "undecodable", "train", True),
    ]
    assert (found_letters[1].dataset, found_letters[1].manipulation_method) == ("made", "swap")
    assert (letters.num_letters, letters.num_inputs) == (2, 5)
    assert letters.get_int_custom_property("code/no_face") == 1


def test_properties_and_index_of_the_examples(extracted, spec):
    examples, _ = extracted
    expected = preprocessing.current_hash(spec, FaceConfig())
    assert examples.get_int_custom_property(keys.NUM_TRACKS) == 4
    assert examples.get_int_custom_property(keys.NUM_VIDEOS) == 3
    assert examples.get_int_custom_property(keys.NUM_AMBIGUOUS_VIDEOS) == 1
    assert examples.get_string_custom_property(features.PREPROCESSING_HASH) == expected
    assert examples_utils.get_payload_format(examples) == example_gen_pb2.FORMAT_TF_EXAMPLE
    assert examples_utils.get_file_format(examples) == "tfrecords_gzip"
    rows = track_index.read(examples.uri)
    written = [example for split in ("train", "val") for example in read(examples, split)]
    by_key = {text(example, features.VIDEO_KEY): example for example in written}
    assert [row.video_key for row in rows] == sorted(by_key)
    for row in rows:
        example = by_key[row.video_key]
        serialized = example.SerializeToString(deterministic=True)
        assert row.digest == hashlib.sha256(serialized).hexdigest()
        assert row.record_key == text(example, features.RECORD_KEY)
        assert row.num_present == 8
        assert row.is_ambiguous == (row.record_key == "made/swap/two")


def test_a_second_run_in_another_order_writes_the_same_bytes(extracted, run, mixed):
    contents = []
    for artifacts in (extracted, run(mixed[::-1])):
        for artifact in artifacts:
            root = pathlib.Path(artifact.uri)
            files = sorted(path for path in root.rglob("*") if path.is_file())
            contents.append({str(p.relative_to(root)): p.read_bytes() for p in files})
    assert contents[:2] == contents[2:]
    assert len(contents[0]) == 5  # one shard for each split, and the index


def test_a_hanging_decoder_costs_one_video(run, make_record, tmp_path):
    path = tmp_path / "hanging.mp4"
    os.mkfifo(path)
    hanging = make_record("broken", path=str(path))
    examples, letters = run([hanging, make_record("one")], timeout_seconds=2)
    assert [letter.code for letter in dead_letters.read(letters.uri)] == ["decode_timeout"]
    assert len(read(examples, "train")) == 1


def test_a_bug_fails_the_run(run, make_record, tmp_path):
    gone = make_record("broken", path=str(tmp_path / "gone.mp4"))
    with pytest.raises(Exception, match="FileNotFoundError"):
        run([gone])


def test_a_video_without_a_split_is_a_bug(run, make_record):
    with pytest.raises(ValueError, match="got 'eval'"):
        run([make_record("one", split="eval")])


def test_fakes_with_several_people_are_named_in_the_log(run, make_record, caplog):
    with caplog.at_level(logging.WARNING):
        run([make_record("two", video_id="real"), make_record("two", is_fake=True)])
    assert "1 fakes show several people" in caplog.text
    assert "such as made/original/two" in caplog.text


def test_progress_counts_up_to_all_videos(run, make_record, caplog):
    with caplog.at_level(logging.INFO, logger=progress.LOGGER_NAME):
        run([make_record("one"), make_record("none")])
    reports = [json.loads(r.message) for r in caplog.records if r.name == progress.LOGGER_NAME]
    assert reports[-1] == {"videos_done": 2, "videos_total": 2, "videos_rejected": 1}


def test_examples_made_with_other_code_than_compiled_are_refused(run, make_record, monkeypatch):
    hashes = iter(["as compiled", "as installed"])
    monkeypatch.setattr(preprocessing, "current_hash", lambda spec, faces: next(hashes))
    with pytest.raises(RuntimeError, match="compile it again"):
        run([make_record("one")])
