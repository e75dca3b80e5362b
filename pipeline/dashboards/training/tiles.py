"""The figures of a training at a glance."""

import math
from collections.abc import Iterator
from typing import Final

from pipeline.dashboards.tables import Tile
from pipeline.dashboards.training import over_epochs
from pipeline.dashboards.training.curves import interval
from pipeline.dashboards.training.records import Training
from pipeline.lineage import words
from pipeline.model import history

# As `temporal_head` of detector.json names them.
HEADS: Final = {"rnn": "recurrent", "frame_mean": "mean of frames"}
_ENCODERS: Final = {"efficientnet_lite0": "EfficientNet-Lite0", "small_cnn": "small CNN"}


def of(training: Training) -> tuple[Tile, ...]:
    """The tiles of a training; what it does not tell has none."""
    return (*_of_epochs(training), *_of_model(training))


def _of_epochs(training: Training) -> Iterator[Tile]:
    if not training.epochs:
        return
    yield _run_of_planned(training)
    best = history.best(training.epochs)
    bounds = interval(best.val_auc, training.selection)
    counted, chosen = training.selection, len(training.epochs)
    notes = [f"[{bounds[0]:.3f}, {bounds[1]:.3f}]"] if bounds else []
    if counted is not None:
        notes.append(f"over {counted.num_fakes} fake and {counted.num_reals} real videos")
    if chosen > 1:
        notes.append(f"flattered: the best of {chosen}")
    yield Tile(label="Selection AUC", value=f"{best.val_auc:.3f}", note="; ".join(notes))
    seconds = [epoch.seconds for epoch in training.epochs if math.isfinite(epoch.seconds)]
    if seconds:
        yield Tile(
            label="Time in epochs",
            value=words.duration(1, 1 + round(1000 * sum(seconds))),
            note=f"{sorted(seconds)[len(seconds) // 2]:.1f} s in the middle one",
        )


def _run_of_planned(training: Training) -> Tile:
    done, settings = len(training.epochs), training.settings
    best = history.best(training.epochs)
    stage = over_epochs.stage_title(best.stage)
    notes = [f"the best is {best.epoch}" + (f", of the stage {stage}" if stage else "")]
    if settings is None:
        return Tile(label="Epochs", value=str(done), note="; ".join(notes))
    planned = settings.epochs + settings.fine_tune_epochs
    if done < planned:
        notes.append(f"stopped early, as {settings.patience} were no better")
    return Tile(label="Epochs", value=f"{done} of {planned}", note="; ".join(notes))


def _of_model(training: Training) -> Iterator[Tile]:
    detector, settings = training.detector, training.settings
    if not detector or settings is None:
        return
    head = str(detector["temporal_head"])
    rnn, mean = detector["val_auc_rnn"], detector["val_auc_frame_mean"]
    compared = f"selection AUC {rnn:.3f} recurrent, {mean:.3f} mean of frames"
    tie = "; as good, and simpler" if rnn == mean and head != "rnn" else ""
    yield Tile(label="Head", value=HEADS.get(head, head), note=compared + tie)
    yield Tile(
        label="Encoder",
        value=_ENCODERS.get(settings.encoder, settings.encoder),
        note=f"{detector['num_parameters']:,} parameters with the heads",
    )
    yield Tile(
        label="Temperature",
        value=f"{detector['temperature']:.2f}",
        note="logits are divided by it: above 1, scores move towards 0.5",
    )
