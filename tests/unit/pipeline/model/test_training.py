"""Training on made-up clips: what it learns, keeps, reports, and how it goes on after a kill."""

import dataclasses
import json
import logging
import math
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from coded import raises_code

from pipeline.model import encoder, inputs, selection, training
from pipeline.model.detector import CLIP_LOGIT
from pipeline.model.gradients import MeasuredAdamW
from pipeline.model.history import HISTORY_FILE, Epoch, best
from pipeline.model.resume import WorkDirectory
from schemas import progress


def epoch(number, val_auc, val_loss=0.5, stage="whole"):
    return Epoch(
        stage=stage,
        epoch=number,
        loss=0.5,
        val_loss=val_loss,
        val_auc=val_auc,
        learning_rate=1e-3,
        seconds=1.0,
    )


def run(config, train_tracks, val_tracks, folder, work=None):
    return training.train(
        config,
        train_tracks,
        val_tracks,
        run_dir=folder / "run",
        work=work or WorkDirectory(folder / "work", "one"),
    )


class Killed(BaseException):
    """Stands for the signal: nothing in the training may catch it."""


@pytest.fixture(scope="module")
def left_and_trained(config, train_tracks, val_tracks, tmp_path_factory):
    """A training killed after two epochs: what it left, then its second run with its reports."""
    folder = tmp_path_factory.mktemp("trained")
    config = dataclasses.replace(config, epochs=5)
    records = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(json.loads(record.getMessage()))
    logger = logging.getLogger(progress.LOGGER_NAME)
    save = WorkDirectory.save

    def save_twice(self, history, *models):
        save(self, history, *models)
        if len(history) == 2:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logger, "level", logging.INFO)
        patch.setattr(logger, "handlers", [handler])
        with pytest.MonkeyPatch.context() as killing:
            killing.setattr(WorkDirectory, "save", save_twice)
            with pytest.raises(Killed):
                run(config, train_tracks, val_tracks, folder)
        left = WorkDirectory(folder / "work", "one").history()
        return left, (run(config, train_tracks, val_tracks, folder), folder, records)


@pytest.fixture(scope="module")
def trained(left_and_trained):
    """Result, folder and progress reports."""
    return left_and_trained[1]


def test_it_learns_to_tell_the_videos_apart(trained):
    assert trained[0].val_auc >= 0.9


def test_the_best_epoch_is_what_comes_out(trained, val_tracks):
    result = trained[0]
    logits = selection.predict(result.detector.model, inputs.clips_in_order(val_tracks, 8))[
        CLIP_LOGIT
    ]
    assert selection.video_auc(val_tracks, logits) == result.val_auc
    assert max(result.val_auc_rnn, result.val_auc_frame_mean) == result.val_auc
    assert result.val_auc_rnn == best(result.history).val_auc


def test_curves_are_written_for_people_and_for_tensorboard(trained):
    result, folder, _ = trained
    history = json.loads((folder / "run" / HISTORY_FILE).read_text())
    assert [one["epoch"] for one in history] == list(range(1, len(result.history) + 1))
    assert {"loss", "val_loss", "val_auc", "learning_rate", "seconds"} <= set(history[0])
    assert list((folder / "run" / "tensorboard" / "whole").rglob("events.out.tfevents*"))


def test_the_norm_of_the_gradients_is_kept_per_epoch_and_goes_to_tensorboard(trained):
    result, folder, _ = trained
    assert all(0 < one.gradient_norm <= one.max_gradient_norm for one in result.history)
    assert len({one.gradient_norm for one in result.history}) == len(result.history)
    written = {
        value.tag
        for path in (folder / "run" / "tensorboard").rglob("events.out.tfevents*")
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    }
    assert {"epoch_gradient_norm", "epoch_max_gradient_norm"} <= written


def test_every_epoch_is_reported(trained):
    records = trained[2]
    # The kill came before the report of the second epoch.
    assert [one["epoch"] for one in records] == [1, 3, 4, 5, 6]
    assert set(records[0]) == {"epoch", "epochs", "loss", "val_auc"}


def test_a_killed_training_goes_on_at_its_last_whole_epoch(left_and_trained):
    left, (result, _, _) = left_and_trained
    assert len(left) == 2
    assert result.history[:2] == left
    assert [one.epoch for one in result.history] == [1, 2, 3, 4, 5, 6]
    # The optimizer goes on too: its schedule keeps falling and does not start again.
    rates = [one.learning_rate for one in result.history]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(rates[0] * 0.1, rel=0.2)


def test_state_of_another_training_is_not_used(trained):
    result, folder, _ = trained
    assert WorkDirectory(folder / "work", "one").history() == result.history
    assert WorkDirectory(folder / "work", "two").history() == []


def test_the_identity_follows_configuration_data_and_code(config, train_tracks, val_tracks):
    tracks = [train_tracks, val_tracks]
    other = dataclasses.replace(config, seed=1)
    found = {
        training.identity(config, tracks, "a"),
        training.identity(other, tracks, "a"),
        training.identity(config, tracks[::-1], "a"),
        training.identity(config, tracks, "b"),
    }
    assert len(found) == 4
    assert training.identity(config, tracks, "a") in found


def test_the_work_directory_keeps_two_weight_files_and_forgets_them(trained, tmp_path):
    copy = tmp_path / "work"
    shutil.copytree(trained[1] / "work", copy)
    assert 1 <= len(list(copy.glob("*.weights.h5"))) <= 2
    WorkDirectory(copy, "one").clear()
    assert not copy.exists()


@pytest.fixture
def watch(config, val_tracks, tmp_path):
    return selection.Watch(
        config=dataclasses.replace(config, patience=2),
        val=val_tracks,
        history=[epoch(1, 0.7), epoch(2, 0.9), epoch(3, 0.8)],
        work=WorkDirectory(tmp_path, ""),
        detector=None,
        planned_epochs=5,
    )


def test_patience_counts_epochs_of_the_stage_since_the_best(watch):
    assert not watch.is_stale("whole")
    watch.history.append(epoch(4, 0.9))
    assert watch.is_stale("whole")
    assert not watch.is_stale("fine_tune")
    watch.history.append(epoch(5, 0.9, val_loss=0.4))
    assert not watch.is_stale("whole")


def test_the_best_epoch_has_the_greatest_auc_then_the_least_loss():
    history = [epoch(1, 0.9, 0.5), epoch(2, 0.95, 0.6), epoch(3, 0.95, 0.4), epoch(4, 0.95, 0.4)]
    assert best(history).epoch == 3


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_training(watch, loss):
    callback = selection.Selection(watch, "whole", None)
    with raises_code("diverged", match=r"epoch 4 is (nan|inf): lower training\.learning_rate"):
        callback.on_epoch_end(0, {"loss": loss})


def test_a_pretrained_encoder_is_trained_after_its_heads(
    config, train_tracks, val_tracks, tmp_path, monkeypatch
):
    """The small net plays the pre-trained one: the stages are the same, the graph is not."""
    build, encoders = encoder.build, []

    def frozen(asked, size, *, policy):
        encoders.append(build(config, size, policy=policy))
        encoders[0].trainable = False
        return encoders[0]

    weights = []
    save = WorkDirectory.save

    def save_and_look(self, *arguments):
        weights.append(encoders[0].get_weights()[0].copy())
        save(self, *arguments)

    monkeypatch.setattr(encoder, "build", frozen)
    monkeypatch.setattr(encoder, "content_width", lambda _: 128)
    monkeypatch.setattr(WorkDirectory, "save", save_and_look)
    pretrained = dataclasses.replace(config, encoder=encoder.LITE0, trainable_blocks=1)
    result = run(pretrained, train_tracks, val_tracks, tmp_path)
    assert [one.stage for one in result.history] == ["heads", "heads", "fine_tune"]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[1] != weights[2]).any()


@pytest.mark.parametrize("rnn_wins", [True, False])
def test_the_recurrent_head_is_kept_only_where_it_wins(trained, val_tracks, monkeypatch, rnn_wins):
    merits = iter([(0.9, -0.1), (0.8 if rnn_wins else 0.95, -0.2)])
    closed = []
    monkeypatch.setattr(training, "merit", lambda *_: next(merits))
    monkeypatch.setattr(type(trained[0].detector), "close_gate", lambda self: closed.append(True))
    chosen = training._choose_head(trained[0].detector, val_tracks, trained[0].history)
    assert chosen.temporal_head == (training.RNN if rnn_wins else training.FRAME_MEAN)
    assert chosen.val_auc == (0.9 if rnn_wins else 0.95)
    assert bool(closed) is not rnn_wins


def test_mixed_precision_scales_the_loss_of_the_encoder(
    config, train_tracks, val_tracks, tmp_path, monkeypatch
):
    """In float16 small gradients of the encoder would vanish; they are measured without scale."""
    scaled = []
    wrap = keras.optimizers.LossScaleOptimizer

    def watched(optimizer):
        scaled.append(optimizer)
        return wrap(optimizer)

    monkeypatch.setattr(keras.optimizers, "LossScaleOptimizer", watched)
    mixed = dataclasses.replace(config, epochs=1, fine_tune_epochs=0, mixed_precision="on")
    [only] = run(mixed, train_tracks, val_tracks, tmp_path).history
    assert [type(optimizer) for optimizer in scaled] == [MeasuredAdamW]
    assert math.isfinite(only.loss)
    assert 0 < only.gradient_norm < 100
