"""Raw track examples with every key, of made-up crops; small enough for a real Beam run."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from tfx.components.transform import executor
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import transform_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import proto_utils

from schemas import features
from schemas.clip_spec import ClipSpec


@pytest.fixture(scope="session")
def clip():
    return ClipSpec(num_clips=2, num_frames=2, crop_size=32)


def example(number, is_fake, clip):
    """A fake is brighter; half of the tracks are 25 fps, half 30."""
    rng = np.random.default_rng(number)
    shape = (clip.total_frames, clip.crop_size, clip.crop_size, 3)
    frames = rng.normal(170 if is_fake else 90, 12, shape).clip(0, 255).astype(np.uint8)
    method = "swap" if is_fake else "original"
    record_key = f"made/{method}/{number:03d}"
    texts = dict.fromkeys(features.SLICE_KEYS, "unknown") | {
        features.MANIPULATION_METHOD: method,
        features.RECORD_KEY: record_key,
        features.VIDEO_KEY: f"{record_key}/0",
        features.PREPROCESSING_HASH: "ab" * 32,
    }
    numbers = dict.fromkeys(features.NUMERIC_KEYS, 1.0) | {
        features.SOURCE_FPS: 25.0 + 5 * (number % 2),
        features.FRAME_TIMES: np.arange(clip.total_frames) / 8,
    }
    jpegs = [tf.io.encode_jpeg(frame, quality=95).numpy() for frame in frames]
    feature = {key: _bytes([text.encode()]) for key, text in texts.items()}
    feature |= {key: _floats(np.atleast_1d(value)) for key, value in numbers.items()}
    feature |= {
        features.TRACK_FRAMES: _bytes(jpegs),
        features.FRAME_PRESENT: _ints([1] * (clip.total_frames - 1) + [0]),
        features.IS_FAKE: _ints([int(is_fake)]),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def _bytes(values):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _floats(values):
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def _ints(values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


@pytest.fixture(scope="session")
def raw_splits(clip):
    """Serialized raw examples by split, classes in turn."""
    sizes = {"train": 8, "val": 6, "calibration": 6}
    return {
        split: [example(100 * start + i, i % 2 == 1, clip) for i in range(size)]
        for start, (split, size) in enumerate(sizes.items())
    }


@pytest.fixture(scope="session")
def transformed(raw_splits, tmp_path_factory):
    """What TFX's own Transform executor makes of the raw examples: (graph folder, examples)."""
    folder = tmp_path_factory.mktemp("transform")
    examples = standard_artifacts.Examples()
    examples.uri = str(folder / "raw")
    examples.split_names = artifact_utils.encode_split_names(sorted(raw_splits))
    for split, records in raw_splits.items():
        path = folder / "raw" / f"Split-{split}" / "tracks-00000-of-00001.gz"
        path.parent.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP")) as writer:
            for record in records:
                writer.write(record)
    schema = standard_artifacts.Schema()
    schema.uri = str(folder / "schema")
    (folder / "schema").mkdir()
    shutil.copy(features.TRACK_EXAMPLE_SCHEMA, folder / "schema" / "schema.pbtxt")
    graph, output = standard_artifacts.TransformGraph(), standard_artifacts.Examples()
    graph.uri, output.uri = str(folder / "graph"), str(folder / "transformed")
    splits = transform_pb2.SplitsConfig(analyze=["train"], transform=sorted(raw_splits))
    executor.Executor(BaseBeamExecutor.Context(tmp_dir=str(folder / "tmp"), unique_id="1")).Do(
        {"examples": [examples], "schema": [schema]},
        {"transform_graph": [graph], "transformed_examples": [output]},
        {
            "preprocessing_fn": "pipeline.modules.preprocessing.preprocessing_fn",
            "splits_config": proto_utils.proto_to_json(splits),
            "disable_statistics": 1,
            "force_tf_compat_v1": 0,
        },
    )
    return graph, output
