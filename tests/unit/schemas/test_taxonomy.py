"""Tests of the closed vocabularies."""

from schemas import taxonomy
from schemas.video_record import VideoRecord


def test_splits_are_plain_names_in_the_order_of_use():
    assert taxonomy.SPLITS == ("train", "val", "calibration", "test")
    assert taxonomy.Split("val") is taxonomy.Split.VAL


def test_defaults_of_a_record_are_in_the_vocabularies():
    record = VideoRecord(video_id="a", path="a.mp4", is_fake=False)
    assert record.manipulation_type in taxonomy.MANIPULATION_TYPES
    assert record.context in taxonomy.CONTEXTS
    assert record.manipulation_method == taxonomy.PRISTINE_METHOD


def test_vocabularies_hold_no_value_twice():
    for vocabulary in (taxonomy.SPLITS, taxonomy.MANIPULATION_TYPES, taxonomy.CONTEXTS):
        assert len(set(vocabulary)) == len(vocabulary)
