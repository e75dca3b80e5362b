"""Tiny SavedModels with the documented signatures, a val split, and a server in a thread."""

import json
import math
import pathlib

import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from components.serving_validator.requests import Client, read_tracks
from components.serving_validator.settings import CheckSettings
from schemas import features, signatures
from schemas.taxonomy import Split
from serving.model_server import grpc_api, models

NUM_CLIPS, NUM_FRAMES = 2, 3
NUM_TRACKS = 6
HASH = "the preprocessing of the examples"
SETTINGS = CheckSettings(
    num_requests=5,
    startup_timeout_seconds=60.0,
    request_timeout_seconds=30.0,
    max_score_difference=1e-3,
)


class TinyModel(tf.Module):
    """Scores a track by the length of its frames, honouring the mask; flaws on demand."""

    def __init__(self, flaw: str = "") -> None:
        super().__init__()
        self._flaw = flaw
        self._weight = tf.Variable(0.05)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.string, name=features.TRACK_FRAMES),
            tf.TensorSpec([None, None], tf.int64, name=features.FRAME_PRESENT),
        ]
    )
    def serving_default(self, frames: tf.Tensor, present: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._score(frames, present)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)])
    def serving_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        size = NUM_CLIPS * NUM_FRAMES
        spec = {
            features.TRACK_FRAMES: tf.io.FixedLenFeature([size], tf.string),
            features.FRAME_PRESENT: tf.io.FixedLenFeature([size], tf.int64),
        }
        parsed = tf.io.parse_example(examples, spec)
        present = parsed[features.FRAME_PRESENT]
        if self._flaw == "mask ignored in examples":
            present = tf.ones_like(present)
        return self._score(parsed[features.TRACK_FRAMES], present)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)])
    def transform_features(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        length = tf.cast(tf.strings.length(examples), tf.float32)
        return {features.transformed(features.CROP_SHARPNESS): length}

    def _score(self, frames: tf.Tensor, present: tf.Tensor) -> dict[str, tf.Tensor]:
        size = tf.shape(frames)[0]
        lengths = tf.cast(tf.strings.length(frames) * tf.cast(present, tf.int32), tf.float32)
        logit = self._weight * tf.reduce_sum(lengths, axis=1) - 1.0
        if self._flaw == "not finite":
            logit = logit * math.nan
        scores = tf.sigmoid(logit) + (1.0 if self._flaw == "out of range" else 0.0)
        hashes = tf.fill([size], "another" if self._flaw == "other preprocessing" else HASH)
        outputs = {
            signatures.SCORE: scores,
            signatures.LOGIT: logit,
            signatures.CLIP_SCORES: tf.repeat(tf.sigmoid(logit)[:, None], NUM_CLIPS, axis=1),
            signatures.FRAME_SCORES: tf.cast(present, tf.float32),
            signatures.THRESHOLDS: tf.repeat([[0.9, 0.7]], size, axis=0),
            signatures.HASH: hashes,
        }
        if self._flaw == "scores as a column":
            outputs[signatures.SCORE] = scores[:, None]
        if self._flaw == "no thresholds":
            del outputs[signatures.THRESHOLDS]
        return outputs

    def save(self, folder: pathlib.Path, reference: dict[str, float]) -> None:
        """Writes the SavedModel; the flaw may be that a signature is missing."""
        exported = {
            signatures.SERVING_DEFAULT: self.serving_default,
            signatures.SERVING_EXAMPLES: self.serving_examples,
            signatures.TRANSFORM_FEATURES: self.transform_features,
        }
        if self._flaw == "a signature is missing":
            del exported[signatures.TRANSFORM_FEATURES]
        tf.saved_model.save(self, str(folder), exported)
        extra = folder / signatures.EXTRA_ASSETS
        extra.mkdir(exist_ok=True)
        (extra / signatures.REFERENCE_FILE).write_text(json.dumps(reference))


@pytest.fixture(scope="session")
def settings() -> CheckSettings:
    return SETTINGS


@pytest.fixture(scope="session")
def examples(tmp_path_factory) -> standard_artifacts.Examples:
    """Six tracks with faces in all, or all but some, frames."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(tmp_path_factory.mktemp("examples"))
    artifact.split_names = artifact_utils.encode_split_names([Split.VAL.value])
    folder = pathlib.Path(artifact.uri) / f"Split-{Split.VAL.value}"
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "tracks.gz"), "GZIP") as writer:
        for index in range(NUM_TRACKS):
            writer.write(_example(index).SerializeToString())
    return artifact


@pytest.fixture(scope="session")
def tracks(examples):
    return read_tracks(f"{examples.uri}/Split-{Split.VAL.value}", (), NUM_TRACKS)


@pytest.fixture(scope="session")
def reference(tracks) -> dict[str, float]:
    """The scores that the tiny model should give, computed without TensorFlow."""
    scores = {}
    for track in tracks:
        lengths = (
            len(jpeg) for jpeg, seen in zip(track.frames, track.present, strict=True) if seen
        )
        scores[track.video_key] = 1 / (1 + math.exp(1.0 - 0.05 * sum(lengths)))
    return scores


@pytest.fixture
def make_model(tmp_path, reference):
    """Writes a Model artifact with a flaw, or none."""

    def make(flaw: str = "") -> standard_artifacts.Model:
        artifact = standard_artifacts.Model()
        artifact.uri = str(tmp_path / "model")
        artifact.id = 5
        TinyModel(flaw).save(pathlib.Path(artifact.uri) / "Format-Serving", reference)
        return artifact

    return make


@pytest.fixture
def served(make_model):
    """Serves a model from a thread of this process; gives a client."""
    opened = []

    def serve(flaw: str = "") -> Client:
        model = models.Model("deepfake", f"{make_model(flaw).uri}/Format-Serving")
        server, port = grpc_api.start(model, "127.0.0.1:0", max_workers=1)
        model.load()
        client = Client(f"127.0.0.1:{port}", "deepfake")
        opened.append((server, client))
        return client

    yield serve
    for server, client in opened:
        client.close()
        server.stop(None).wait()


def _example(index: int) -> tf.train.Example:
    size = NUM_CLIPS * NUM_FRAMES
    frames = [b"\xff\xd8" + b"x" * (index + position) for position in range(size)]
    present = [0 if index % 2 and position == 1 else 1 for position in range(size)]

    def text(*values: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    return tf.train.Example(
        features=tf.train.Features(
            feature={
                features.TRACK_FRAMES: text(*frames),
                features.FRAME_PRESENT: tf.train.Feature(
                    int64_list=tf.train.Int64List(value=present)
                ),
                features.VIDEO_KEY: text(f"made/original/{index}/0".encode()),
                features.PREPROCESSING_HASH: text(HASH.encode()),
            }
        )
    )
