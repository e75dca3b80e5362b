"""Training: frozen encoder first, then its last blocks; selection by the AUC over videos.

A pre-trained encoder is frozen in the first stage, so its features are computed once, from the
plain clips and from augmented copies, and an epoch of the heads takes a second. The second stage
runs end to end on freshly augmented clips. An encoder without pre-training has one stage.
"""

import dataclasses
import hashlib
import json
import math
import pathlib
from typing import Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pipeline.config.sections import TrainingConfig
from pipeline.model import detector as detectors
from pipeline.model import encoder as encoders
from pipeline.model import history as histories
from pipeline.model import inputs, losses
from pipeline.model.detector import CLIP_LOGIT, FRAME_LOGITS
from pipeline.model.gradients import MeasuredAdamW
from pipeline.model.history import Epoch
from pipeline.model.resume import WorkDirectory
from pipeline.model.selection import Selection, Watch, merit, predict
from pipeline.model.tracks import Tracks
from schemas import scoring

RNN: Final = "rnn"
FRAME_MEAN: Final = "frame_mean"
EVALUATION_BATCH: Final = 16  # clips

_AUGMENTED_COPIES: Final = 1  # of each training clip, beside the plain one, for the first stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained detector.

    Attributes:
      detector: With the best weights, in float32, its gate closed if `temporal_head` says so.
      history: Figures of all epochs, in order.
      val_auc: Over the videos of the selection split, after the choice of the head.
      val_auc_rnn: With the recurrent head.
      val_auc_frame_mean: With the mean of the frame logits.
      temporal_head: RNN or FRAME_MEAN.
    """

    detector: detectors.Detector
    history: list[Epoch]
    val_auc: float
    val_auc_rnn: float
    val_auc_frame_mean: float
    temporal_head: str


@dataclasses.dataclass(frozen=True)
class _Stage:
    name: str
    epochs: int
    learning_rate: float
    on_features: bool
    scales_loss: bool


def train(
    config: TrainingConfig,
    train_tracks: Tracks,
    val_tracks: Tracks,
    *,
    run_dir: pathlib.Path,
    work: WorkDirectory,
) -> Trained:
    """Trains a detector, going on from the last whole epoch that `work` holds.

    Args:
      config: Of the training; `seed` decides weights, order and augmentation.
      train_tracks: Tracks to fit.
      val_tracks: Tracks that choose the epoch and the temporal head.
      run_dir: Gets `history.json` and the `tensorboard` folder.
      work: State of an unfinished training; the caller clears it when it no longer needs it.
    """
    keras.utils.set_random_seed(config.seed)
    gpus = tf.config.list_physical_devices("GPU")
    policy = "mixed_float16" if _mixed(config, bool(gpus)) else "float32"
    with _strategy(len(gpus)).scope():
        detector = detectors.build_detector(config, train_tracks.clip, policy=policy)
        stages = _stages(config, is_mixed=policy != "float32")
        watch = Watch(
            config=config,
            val=val_tracks,
            history=work.history(),
            work=work,
            detector=detector.model,
            planned_epochs=sum(stage.epochs for stage in stages),
        )
        for stage in stages:
            _run_stage(stage, detector, watch, train_tracks, run_dir)
    work.restore_best(watch.history, detector.model)
    histories.write(watch.history, run_dir)
    if policy != "float32" or len(gpus) > 1:
        detector = detectors.in_float32(detector, config, train_tracks.clip)
    return _choose_head(detector, val_tracks, watch.history)


def identity(config: TrainingConfig, tracks: list[Tracks], code_fingerprint: str) -> str:
    """Digest of all that decides the result of a training, for `WorkDirectory`."""
    parts = [dataclasses.asdict(config), tracks[0].clip.to_json(), code_fingerprint]
    parts += [split.digest for split in tracks]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _strategy(num_gpus: int) -> tf.distribute.Strategy:
    if num_gpus < 2:
        return tf.distribute.get_strategy()
    # Collective operations mix up the instance keys of the two stages ("shape mismatch in the
    # collective instance"); gradients are 14 MB at most, so one device can add them.
    return tf.distribute.MirroredStrategy(cross_device_ops=tf.distribute.ReductionToOneDevice())


def _mixed(config: TrainingConfig, has_gpu: bool) -> bool:
    return config.mixed_precision == "on" or (config.mixed_precision == "auto" and has_gpu)


def _stages(config: TrainingConfig, *, is_mixed: bool) -> tuple[_Stage, ...]:
    """The stages; small gradients of a float16 encoder would vanish unless the loss is scaled."""
    if not encoders.is_pretrained(config):
        epochs = config.epochs + config.fine_tune_epochs
        return (_Stage("whole", epochs, config.learning_rate, False, is_mixed),)
    rate = config.fine_tune_learning_rate
    return (
        _Stage("heads", config.epochs, config.learning_rate, True, False),
        _Stage("fine_tune", config.fine_tune_epochs, rate, False, is_mixed),
    )


def _run_stage(
    stage: _Stage,
    detector: detectors.Detector,
    watch: Watch,
    tracks: Tracks,
    run_dir: pathlib.Path,
) -> None:
    """Fits one stage from where it was left, beginning with the best weights of those before."""
    done = watch.epochs_of(stage.name)
    if done >= stage.epochs or watch.is_stale(stage.name):
        return
    config = watch.config
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    batch_size = config.batch_size * replicas
    if watch.history:
        watch.work.restore_best(watch.history, detector.model)
    if encoders.is_pretrained(config) and not stage.on_features:
        encoders.unfreeze(detector.encoder, config.trainable_blocks)
    num_clips = tracks.num_clips * (1 + _AUGMENTED_COPIES * stage.on_features)
    steps = math.ceil(num_clips / batch_size)
    skip = done * steps * batch_size
    if stage.on_features:
        batches, val = _feature_batches(detector, watch, tracks, batch_size)
    else:
        batches = inputs.balanced_clips(
            tracks, batch_size, strength=config.augmentation, seed=config.seed, skip=skip
        )
        val = inputs.clips_in_order(watch.val, EVALUATION_BATCH)
    part = detector.head if stage.on_features else detector.model
    # A model of its own per stage: its optimizer stays out of the weights that selection keeps.
    fitted = keras.Model(part.input, part.output)
    _compile(fitted, config, stage, steps)
    if done:
        watch.work.restore_last(watch.history, fitted)
    board = keras.callbacks.TensorBoard(str(run_dir / "tensorboard" / stage.name), profile_batch=0)
    fitted.fit(
        batches,
        initial_epoch=done,
        epochs=stage.epochs,
        steps_per_epoch=steps,
        callbacks=[Selection(watch, stage.name, val), board],
        shuffle=False,
        verbose=0,
    )


def _compile(fitted: keras.Model, config: TrainingConfig, stage: _Stage, steps: int) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(
        stage.learning_rate, stage.epochs * steps, alpha=0.1
    )
    optimizer = MeasuredAdamW(
        schedule, weight_decay=config.weight_decay, global_clipnorm=histories.CLIP_NORM
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "logit"])
    if stage.scales_loss:  # Keras does so by itself only for a model of one mixed policy
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    # XLA would compile anew for the last, smaller batch of an evaluation.
    fitted.compile(
        optimizer,
        loss=losses.losses(config),
        loss_weights=losses.loss_weights(config),
        jit_compile=False,
    )
    optimizer.build(fitted.trainable_variables)


def _feature_batches(
    detector: detectors.Detector, watch: Watch, tracks: Tracks, batch_size: int
) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    """Training and selection batches of the features that the frozen encoder makes."""
    config = watch.config
    copies = [
        inputs.clips_in_order(tracks, EVALUATION_BATCH, strength=strength, seed=config.seed)
        for strength in (0, *[config.augmentation] * _AUGMENTED_COPIES)
    ]
    values = np.concatenate([_embed(detector, clips) for clips in copies])
    present = np.tile(tracks.clip_present, (len(copies), 1))
    labels = np.tile(tracks.clip_labels, len(copies))
    batches = inputs.balanced_features(values, present, labels, batch_size, seed=config.seed)
    val_values = _embed(detector, inputs.clips_in_order(watch.val, EVALUATION_BATCH))
    val = tf.data.Dataset.from_tensor_slices(((val_values, watch.val.clip_present),))
    return batches, val.batch(256)


def _embed(detector: detectors.Detector, clips: tf.data.Dataset) -> npt.NDArray[np.float16]:
    """Features [C, T, D] float16 of C clips: 27 KB per clip of eight frames."""
    shape = detector.encoder.input_shape[1:]
    crops = clips.map(lambda one: tf.reshape(one[0], (-1, *shape)))
    values = detector.encoder.predict(crops, verbose=0).astype(np.float16)
    return values.reshape(-1, detector.head.input_shape[0][1], values.shape[-1])


def _choose_head(detector: detectors.Detector, val: Tracks, history: list[Epoch]) -> Trained:
    """Keeps the recurrent head only where it beats the mean of frames on the selection split."""
    logits = predict(detector.model, inputs.clips_in_order(val, EVALUATION_BATCH))
    mean = scoring.masked_mean(logits[FRAME_LOGITS], val.clip_present)
    merits = {RNN: merit(val, logits[CLIP_LOGIT]), FRAME_MEAN: merit(val, mean)}
    chosen = RNN if merits[RNN] > merits[FRAME_MEAN] else FRAME_MEAN
    if chosen == FRAME_MEAN:
        detector.close_gate()
    return Trained(
        detector=detector,
        history=history,
        val_auc=merits[chosen][0],
        val_auc_rnn=merits[RNN][0],
        val_auc_frame_mean=merits[FRAME_MEAN][0],
        temporal_head=chosen,
    )
