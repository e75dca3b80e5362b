"""run_fn, called by TFX's own Trainer executor, on transformed examples."""

import dataclasses
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from coded import raises_code
from tfx.components.trainer.executor import GenericExecutor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto import trainer_pb2
from tfx.types import standard_artifacts
from tfx.utils import json_utils, path_utils, proto_utils

from pipeline.config.sections import TrainingConfig
from pipeline.model import training
from pipeline.model.history import HISTORY_FILE
from pipeline.modules import trainer
from schemas import features, signatures

CONFIG = TrainingConfig(
    encoder="small_cnn",
    rnn_units=4,
    dense_units=8,
    batch_size=4,
    epochs=3,
    fine_tune_epochs=0,
    learning_rate=1e-2,
)


def execute(transformed, folder, clip, *, eval_splits=("val", "calibration")):
    graph, examples = transformed
    model, run = standard_artifacts.Model(), standard_artifacts.ModelRun()
    model.uri, run.uri = str(folder / "model"), str(folder / "run")
    custom = {
        trainer.TRAINING: json.dumps(dataclasses.asdict(CONFIG)),
        trainer.CLIP: clip.to_json(),
        trainer.CODE_FINGERPRINT: "f" * 64,
        trainer.WORK_DIR: str(folder / "work"),
    }
    GenericExecutor(BaseExecutor.Context(tmp_dir=str(folder / "tmp"), unique_id="1")).Do(
        {"examples": [examples], "transform_graph": [graph]},
        {"model": [model], "model_run": [run]},
        {
            "run_fn": "pipeline.modules.trainer.run_fn",
            "train_args": proto_utils.proto_to_json(trainer_pb2.TrainArgs(splits=["train"])),
            "eval_args": proto_utils.proto_to_json(trainer_pb2.EvalArgs(splits=eval_splits)),
            "custom_config": json_utils.dumps(custom),
        },
    )
    return pathlib.Path(path_utils.serving_model_dir(model.uri)), pathlib.Path(run.uri)


@pytest.fixture(scope="module")
def outputs(transformed, tmp_path_factory, clip):
    folder = tmp_path_factory.mktemp("trainer")
    return *execute(transformed, folder, clip), folder


def test_the_model_tells_the_made_up_classes_apart(outputs, raw_splits):
    scoring = tf.saved_model.load(str(outputs[0])).signatures[signatures.SERVING_EXAMPLES]
    found = scoring(examples=tf.constant(raw_splits["val"]))[signatures.SCORE].numpy()
    assert found[1::2].min() > found[::2].max()


def test_the_served_scores_are_the_trainer_s_own(outputs, raw_splits):
    scoring = tf.saved_model.load(str(outputs[0])).signatures[signatures.SERVING_EXAMPLES]
    served = scoring(examples=tf.constant(raw_splits["val"]))[signatures.SCORE].numpy()
    reference = json.loads(
        (outputs[0] / signatures.EXTRA_ASSETS / signatures.REFERENCE_FILE).read_text()
    )
    keys = [
        tf.train.Example.FromString(one).features.feature[features.VIDEO_KEY]
        for one in raw_splits["val"]
    ]
    expected = [reference[key.bytes_list.value[0].decode()] for key in keys]
    np.testing.assert_allclose(served, expected, atol=1e-5)


def test_raw_examples_are_transformed_by_the_exported_graph(outputs, raw_splits):
    transform = tf.saved_model.load(str(outputs[0])).signatures[signatures.TRANSFORM_FEATURES]
    answers = transform(examples=tf.constant(raw_splits["val"]))
    assert answers[features.IS_FAKE].numpy()[:, 0].tolist() == [0, 1] * 3
    ranks = answers[features.transformed(features.MANIPULATION_METHOD)].numpy()[:, 0]
    assert sorted(set(ranks)) == [0, 1]


def test_the_record_says_what_the_model_is(outputs, clip):
    record = json.loads(
        (outputs[0] / signatures.EXTRA_ASSETS / signatures.DETECTOR_FILE).read_text()
    )
    assert record[features.PREPROCESSING_HASH] == "ab" * 32
    assert record["code_fingerprint"] == "f" * 64
    assert record["calibration"]["num_pristine"] == record["calibration"]["num_fake"] == 3
    assert 0.05 <= record["temperature"] <= 20
    assert record["temporal_head"] in {training.RNN, training.FRAME_MEAN}
    assert record["training"] == dataclasses.asdict(CONFIG)
    assert record["clip"] == dataclasses.asdict(clip)
    assert record["versions"]["tensorflow"] == tf.__version__


def test_thresholds_of_the_record_travel_with_the_answers(outputs, raw_splits):
    record = json.loads(
        (outputs[0] / signatures.EXTRA_ASSETS / signatures.DETECTOR_FILE).read_text()
    )
    scoring = tf.saved_model.load(str(outputs[0])).signatures[signatures.SERVING_EXAMPLES]
    answer = scoring(examples=tf.constant(raw_splits["val"][:1]))
    np.testing.assert_allclose(answer[signatures.THRESHOLDS][0], record["thresholds"], rtol=1e-6)


def test_curves_go_to_the_model_run_and_the_work_directory_is_left_empty(outputs):
    assert json.loads((outputs[1] / HISTORY_FILE).read_text())
    assert list((outputs[2] / "work").iterdir()) == []


def test_a_missing_calibration_split_stops_the_training_before_it_begins(
    transformed, tmp_path, clip
):
    with raises_code("missing_class", match="split calibration holds 0 tracks"):
        execute(transformed, tmp_path, clip, eval_splits=("val",))
    assert not (tmp_path / "work").exists()
