"""Tracks as serialized examples: every key, the same bytes every time."""

import numpy as np
import pytest
import tensorflow as tf

from components.frame_extractor import encode
from components.video import clips
from schemas import features


@pytest.fixture
def track():
    return clips.Track(
        index=1,
        frames=(b"first", b"second"),
        present=np.array([1, 0]),
        times=np.array([0.0, 0.125]),
        boxes=np.zeros((2, 4)),
        median_face_pixels=100.0,
        sharpness=20.0,
        confidence=0.9,
    )


def test_an_example_holds_every_key_and_nothing_else(make_record, track):
    record = make_record("one", is_fake=True, manipulation_method="swap", context="lab")
    example = tf.train.Example.FromString(encode.example(record, track, "digest"))
    values = {
        key: list(getattr(feature, feature.WhichOneof("kind")).value)
        for key, feature in example.features.feature.items()
    }
    assert set(values) == set(features.ALL_KEYS)
    assert values[features.TRACK_FRAMES] == [b"first", b"second"]
    assert values[features.FRAME_PRESENT] == [1, 0]
    assert values[features.FRAME_TIMES] == [0.0, 0.125]
    assert values[features.IS_FAKE] == [1]
    assert values[features.RECORD_KEY] == [b"made/swap/one"]
    assert values[features.VIDEO_KEY] == [b"made/swap/one/1"]
    assert values[features.CONTEXT] == [b"lab"]
    assert values[features.VIDEO_CODEC] == [b"h264"]
    assert values[features.FACE_SIZE_BUCKET] == [b"medium"]
    assert values[features.RESOLUTION_BUCKET] == [b"sd"]
    assert values[features.SOURCE_FPS] == pytest.approx([25])
    assert values[features.PREPROCESSING_HASH] == [b"digest"]


def test_equal_inputs_give_equal_bytes(make_record, track):
    record = make_record("one")
    assert encode.example(record, track, "x") == encode.example(record, track, "x")


@pytest.mark.parametrize(
    ("value", "name"),
    [(0, "small"), (63.9, "small"), (64, "medium"), (128, "large"), (1e6, "large")],
)
def test_bounds_belong_to_the_bucket_above(value, name):
    assert encode.bucket(value, encode.FACE_SIZES) == name
