"""Real Evaluator runs on made test splits and made SavedModels that answer as documented."""

import dataclasses
import json
import pathlib
from collections.abc import Sequence

import pytest
import tensorflow as tf
from google.protobuf import json_format
from tfx.components.evaluator import executor
from tfx.types import artifact_utils, standard_artifacts

from pipeline.evaluation import eval_config, results
from schemas import features, signatures
from schemas.taxonomy import Split

NUM_CLIPS, NUM_FRAMES = 2, 3
JPEG = b"\xff\xd8 stands for a face crop \xff\xd9"


@dataclasses.dataclass(frozen=True)
class Track:
    """One track of a made test split; `scores` has one score per made model."""

    video: str
    is_fake: bool
    scores: tuple[float, ...]
    method: str = "original"
    dataset: str = "made"


class MadeModel(tf.Module):
    """Answers with score number `index` of an example, through the documented signature."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)])
    def serving_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = {features.FRAME_TIMES: tf.io.VarLenFeature(tf.float32)}
        parsed = tf.io.parse_example(examples, spec)
        score = tf.sparse.to_dense(parsed[features.FRAME_TIMES])[:, self._index]
        size = tf.shape(score)[0]
        return {
            signatures.SCORE: score,
            signatures.LOGIT: tf.math.log(score) - tf.math.log1p(-score),
            signatures.CLIP_SCORES: tf.repeat(score[:, None], NUM_CLIPS, axis=1),
            signatures.FRAME_SCORES: tf.repeat(score[:, None], NUM_CLIPS * NUM_FRAMES, axis=1),
            signatures.THRESHOLDS: tf.repeat([[0.9, 0.7]], size, axis=0),
            signatures.HASH: tf.fill([size], "hash"),
        }


@pytest.fixture(scope="session")
def made_models(tmp_path_factory) -> list[standard_artifacts.Model]:
    """Model artifacts 0 and 1: the first and the second score of every track."""
    models = []
    for index in range(2):
        artifact = standard_artifacts.Model()
        artifact.uri = str(tmp_path_factory.mktemp(f"model{index}"))
        artifact.id = index + 1
        module = MadeModel(index)
        serving = pathlib.Path(artifact.uri) / "Format-Serving"
        tf.saved_model.save(
            module, str(serving), {signatures.SERVING_EXAMPLES: module.serving_examples}
        )
        models.append(artifact)
    return models


@pytest.fixture(scope="session")
def evaluate(tmp_path_factory, made_models):
    """Runs TFX's Evaluator as the pipeline does; gives the summary and the blessing artifact.

    The evaluation is in the folder `evaluation` beside the blessing.
    """

    def run(tracks: Sequence[Track], config, *, model: int = 0, baseline: int | None = None):
        folder = tmp_path_factory.mktemp("evaluated")
        examples = _examples(folder / "examples", tracks)
        evaluation = standard_artifacts.ModelEvaluation()
        evaluation.uri = str(folder / "evaluation")
        blessing = standard_artifacts.ModelBlessing()
        blessing.uri = str(folder / "blessing")
        inputs = {"examples": [examples], "model": [made_models[model]]}
        if baseline is not None:
            inputs["baseline_model"] = [made_models[baseline]]
        text = json_format.MessageToJson(eval_config.eval_config(config))
        evaluator = executor.Executor(
            executor.Executor.Context(tmp_dir=str(folder), beam_pipeline_args=[])
        )
        evaluator.Do(
            inputs,
            {"evaluation": [evaluation], "blessing": [blessing]},
            {"eval_config": text, "example_splits": json.dumps([Split.TEST.value])},
        )
        return results.load(evaluation.uri), blessing

    return run


def _examples(folder: pathlib.Path, tracks: Sequence[Track]) -> standard_artifacts.Examples:
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = artifact_utils.encode_split_names([Split.TEST.value])
    split = folder / f"Split-{Split.TEST.value}"
    split.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(split / "tracks.gz"), "GZIP") as writer:
        for index, track in enumerate(tracks):
            writer.write(_example(track, index).SerializeToString())
    return artifact


def _example(track: Track, index: int) -> tf.train.Example:
    def text(*values: str | bytes) -> tf.train.Feature:
        encoded = [value if isinstance(value, bytes) else value.encode() for value in values]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))

    size = NUM_CLIPS * NUM_FRAMES
    times = (*track.scores, *[0.0] * (size - len(track.scores)))
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                features.TRACK_FRAMES: text(*[JPEG] * size),
                features.FRAME_TIMES: tf.train.Feature(float_list=tf.train.FloatList(value=times)),
                features.IS_FAKE: tf.train.Feature(
                    int64_list=tf.train.Int64List(value=[int(track.is_fake)])
                ),
                features.RECORD_KEY: text(track.video),
                features.VIDEO_KEY: text(f"{track.video}/{index}"),
                features.MANIPULATION_METHOD: text(track.method),
                features.DATASET_NAME: text(track.dataset),
            }
        )
    )


@pytest.fixture(scope="session")
def track() -> type[Track]:
    """The class of made tracks: test modules cannot import each other."""
    return Track
