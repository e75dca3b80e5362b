"""Model selection: after every epoch, how well the videos of the selection split are told apart."""

import dataclasses
import logging
import math
import time
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pipeline.config.sections import TrainingConfig
from pipeline.model import gradients, losses
from pipeline.model.detector import CLIP_LOGIT
from pipeline.model.history import Epoch, best
from pipeline.model.resume import WorkDirectory
from pipeline.model.tracks import Tracks
from schemas import progress, scoring
from schemas.errors import DeepfakeError

_LOG = logging.getLogger(__name__)

_LOGGED: Final = ("val_loss", "val_auc", "learning_rate", "gradient_norm", "max_gradient_norm")

Logits = dict[str, npt.NDArray[np.float32]]


def predict(model: keras.Model, batches: tf.data.Dataset) -> Logits:
    """Logits of all clips: by output of the detector, [C] and [C, T] float32."""
    return model.predict(batches, verbose=0)


def video_auc(tracks: Tracks, clip_logits: npt.NDArray[np.float32]) -> float:
    """AUC over the videos of a split from the logits [M K] of its clips."""
    by_track = scoring.track_logits(clip_logits.reshape(-1, tracks.clip.num_clips), tracks.present)
    return scoring.auc(*scoring.by_video(by_track, tracks.is_fake, tracks.record_keys))


def merit(tracks: Tracks, clip_logits: npt.NDArray[np.float32]) -> tuple[float, float]:
    """AUC over videos and minus the cross-entropy of clips [M K]: the greater, the better."""
    goals = losses.targets(tracks.clip_labels, tracks.clip_present)[CLIP_LOGIT]
    return video_auc(tracks, clip_logits), -float(
        losses.BalancedCrossEntropy(0)(goals, clip_logits)
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Watch:
    """What selection needs to know beside the model that is being fitted.

    Attributes:
      config: Settings of the training.
      val: The selection split.
      history: Epochs so far; grows.
      work: Work directory where each epoch is kept.
      detector: The whole model, whose best weights are kept.
      planned_epochs: Number of epochs of all stages together, for progress reports.
    """

    config: TrainingConfig
    val: Tracks
    history: list[Epoch]
    work: WorkDirectory
    detector: keras.Model
    planned_epochs: int

    def epochs_of(self, stage: str) -> int:
        """Finished epochs of `stage`."""
        return sum(epoch.stage == stage for epoch in self.history)

    def is_stale(self, stage: str) -> bool:
        """Whether the last `patience` epochs, all of `stage`, were no better than one before."""
        if not self.history:
            return False
        since = [epoch for epoch in self.history if epoch.epoch > best(self.history).epoch]
        return sum(epoch.stage == stage for epoch in since) >= self.config.patience


class Selection(keras.callbacks.Callback):
    """Evaluates the selection split after each epoch, keeps the epoch, and stops in time.

    Adds `val_loss`, `val_auc`, `learning_rate`, `gradient_norm` and `max_gradient_norm` to the logs
    of later callbacks; the optimizer of the model must be a `gradients.MeasuredAdamW`.
    """

    def __init__(self, watch: Watch, stage: str, batches: tf.data.Dataset) -> None:
        """Args:
        watch: Shared by the stages.
        stage: Name of the stage that is fitted.
        batches: Inputs of the selection split for the model of this stage, in order.
        """
        super().__init__()
        self._watch = watch
        self._stage = stage
        self._batches = batches
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = time.monotonic()
        gradients.norms_of(self.model).reset()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {} if logs is None else logs
        if not math.isfinite(logs["loss"]):
            raise DeepfakeError(
                "diverged",
                f"the loss of epoch {len(self._watch.history) + 1} is {logs['loss']}: "
                "lower training.learning_rate",
            )
        finished = self._evaluate(logs["loss"])
        logs.update(
            {name: value for name in _LOGGED if (value := getattr(finished, name)) is not None}
        )
        watch = self._watch
        watch.history.append(finished)
        watch.work.save(watch.history, self.model, watch.detector)
        _LOG.info("%s", finished)
        progress.report(
            epoch=finished.epoch,
            epochs=watch.planned_epochs,
            loss=round(finished.loss, 4),
            val_auc=round(finished.val_auc, 4),
        )
        if watch.is_stale(self._stage):
            self.model.stop_training = True

    def _evaluate(self, loss: float) -> Epoch:
        val = self._watch.val
        norms = gradients.norms_of(self.model)
        logits = predict(self.model, self._batches)
        return Epoch(
            stage=self._stage,
            epoch=len(self._watch.history) + 1,
            loss=float(loss),
            val_loss=losses.total(self._watch.config, val.clip_labels, val.clip_present, logits),
            val_auc=video_auc(val, logits[CLIP_LOGIT]),
            learning_rate=float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            seconds=round(time.monotonic() - self._started, 2),
            gradient_norm=_or_none(norms.mean()),
            max_gradient_norm=_or_none(norms.maximum()),
        )


def _or_none(value: float) -> float | None:
    """What is no number, as after an epoch whose every step was left out, is not kept."""
    return value if math.isfinite(value) else None
