"""Track examples of made-up crops: a fake has a bright square, its frames flicker."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.sections import TrainingConfig
from pipeline.model.tracks import read_tracks
from schemas import features
from schemas.clip_spec import ClipSpec


@pytest.fixture(scope="session")
def clip():
    return ClipSpec(num_clips=2, num_frames=4, crop_size=32)


@pytest.fixture(scope="session")
def config():
    return TrainingConfig(
        encoder="small_cnn",
        rnn_units=4,
        dense_units=8,
        dropout=0.1,
        batch_size=8,
        epochs=2,
        fine_tune_epochs=1,
        learning_rate=5e-3,
        patience=5,
        augmentation=0.0,
    )


def pixels(rng, clip, is_fake):
    """[N, S, S, 3] uint8: noise around grey, and in a fake a square that comes and goes."""
    frames = rng.normal(110, 12, (clip.total_frames, clip.crop_size, clip.crop_size, 3))
    if is_fake:
        frames[::2, 8:24, 8:24] += 90
    return frames.clip(0, 255).astype(np.uint8)


def example(rng, clip, number, is_fake, **changes):
    present = np.ones(clip.total_frames, np.int64)
    present[number % clip.total_frames] = 0
    record_key = f"made/{'swap' if is_fake else 'original'}/{number:03d}"
    values = {
        features.TRACK_FRAMES: [
            tf.io.encode_jpeg(frame, quality=95).numpy() for frame in pixels(rng, clip, is_fake)
        ],
        features.FRAME_PRESENT: present,
        features.IS_FAKE: int(is_fake),
        features.RECORD_KEY: record_key,
        features.VIDEO_KEY: f"{record_key}/0",
        features.PREPROCESSING_HASH: "ab" * 32,
    } | changes
    return tf.train.Example(
        features=tf.train.Features(feature={k: encode(v) for k, v in values.items()})
    )


def encode(value):
    values = np.atleast_1d(np.asarray(value, dtype=object)).tolist()
    if isinstance(values[0], str):
        values = [text.encode() for text in values]
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


@pytest.fixture(scope="session")
def make_example():
    return example


@pytest.fixture(scope="session")
def write_split():
    """Writes examples as TFX does, below `Split-<name>`; returns the file pattern."""

    def write(folder, name, examples):
        target = folder / f"Split-{name}"
        target.mkdir(parents=True, exist_ok=True)
        path = target / "tracks-00000-of-00001.gz"
        with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP")) as writer:
            for one in examples:
                writer.write(one.SerializeToString())
        return str(target / "*")

    return write


@pytest.fixture(scope="session")
def patterns(tmp_path_factory, clip, write_split):
    """File patterns of three splits; half of the tracks are fake."""
    rng, numbers = np.random.default_rng(0), itertools.count()
    folder = tmp_path_factory.mktemp("examples")
    sizes = {"train": 12, "val": 8, "calibration": 8}
    return {
        name: [
            write_split(
                folder, name, [example(rng, clip, next(numbers), i % 2 == 1) for i in range(size)]
            )
        ]
        for name, size in sizes.items()
    }


@pytest.fixture(scope="session")
def train_tracks(patterns, clip):
    return read_tracks("train", patterns["train"], clip)


@pytest.fixture(scope="session")
def val_tracks(patterns, clip):
    return read_tracks("val", patterns["val"], clip)
