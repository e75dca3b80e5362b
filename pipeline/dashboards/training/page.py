"""The page of a training: its figures, curves, settings, and the calibration of its model."""

import dataclasses
import math
import shlex
from collections.abc import Iterator
from typing import Final

from pipeline.config.sections import TrainingConfig
from pipeline.dashboards import tables
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Cell, Column, Row, Table, Tile
from pipeline.dashboards.training import calibration, curves, records
from pipeline.dashboards.training.curves import interval
from pipeline.dashboards.training.records import Training
from pipeline.model import history
from pipeline.runs import words
from schemas import names
from schemas.run_report import NodeState

# As `temporal_head` of detector.json names them.
HEADS: Final = {"rnn": "recurrent", "frame_mean": "mean of frames"}
_ENCODERS: Final = {"efficientnet_lite0": "EfficientNet-Lite0", "small_cnn": "small CNN"}
_ABSENT: Final = {
    NodeState.WAITING: Absent(
        reason="The run has not come to the training.",
        advice="The page appears when the first epoch is done.",
    ),
    NodeState.RUNNING: Absent(
        reason="The training has begun, and its first epoch is not done yet.",
        advice="The page appears when it is.",
    ),
    NodeState.SKIPPED: Absent(
        reason="The training was not among the nodes that the run asked for."
    ),
    NodeState.FAILED: Absent(
        reason="The training failed before its first epoch was done.",
        advice="The page of the run says why.",
    ),
}
_BROKE_OFF: Final = Absent(
    reason="The run broke off before the first epoch of its training was done.",
    advice="The page of the run says how far it came.",
)
_NOTHING: Final = Absent(
    reason="There is no training of this run: it did not come to it, or its files are gone.",
    advice="The page of the run says how far it came.",
)


def settings_table(settings: TrainingConfig) -> Table:
    """One row per setting, those that were changed first."""
    rows = sorted(_rows(settings), key=lambda row: row.cells[3].text == "")
    return Table(
        caption="Settings of the training and their defaults, changed ones first",
        columns=[
            Column(title="Setting", help="Below `training` in the configuration."),
            Column(title="Value"),
            Column(title="Default"),
            Column(title="Changed"),
        ],
        rows=rows,
        hides_caption=True,
    )


def _rows(settings: TrainingConfig) -> Iterator[Row]:
    defaults = TrainingConfig()
    for field in dataclasses.fields(settings):
        value, default = getattr(settings, field.name), getattr(defaults, field.name)
        is_changed = value != default
        changed = tables.text("changed", tone="warn") if is_changed else tables.text("")
        cells = [tables.text(field.name), _setting(value), _setting(default), changed]
        yield Row(cells=cells)


def _setting(value: object) -> Cell:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return Cell(text=shown, sort=value if isinstance(value, int | float) else shown)


def training_tiles(training: Training) -> tuple[Tile, ...]:
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
            value=words.duration(sum(seconds)),
            note=f"{sorted(seconds)[len(seconds) // 2]:.1f} s in the middle one",
        )


def _run_of_planned(training: Training) -> Tile:
    done, settings = len(training.epochs), training.settings
    best = history.best(training.epochs)
    stage = curves.stage_title(best.stage)
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


def content(sources: RunSources) -> Content | Absent:
    """Gathers the training page of a run.

    Raises:
      DashboardError: What the training wrote breaks its contract.
    """
    training = records.read(sources)
    if training is None:
        return _absent(sources)
    return Content(
        template="training.html",
        values={
            "state": _state(sources, training),
            "tiles": training_tiles(training),
            "charts": (
                curves.all_of(training.epochs, training.selection) if training.epochs else ()
            ),
            "trained_by": training.trained_by,
            "calibration": calibration.of(training.detector),
            "settings": (settings_table(training.settings) if training.settings else None),
            "tensorboard": _tensorboard(training),
        },
    )


def _absent(sources: RunSources) -> Absent:
    node = sources.state.nodes.get(names.TRAINER)
    if node is None or (sources.state.outcome is not None and node.state is NodeState.WAITING):
        return _NOTHING
    if node.state is NodeState.RUNNING and not sources.is_running:
        return _BROKE_OFF
    return _ABSENT.get(node.state, _NOTHING)


def _state(sources: RunSources, training: Training) -> str:
    """What must be said of figures that are not those of a finished training; else empty."""
    node = sources.state.nodes.get(names.TRAINER)
    if training.is_whole or not training.epochs:
        return ""
    if node is not None and node.state is NodeState.RUNNING:
        return "The training goes on: these are its figures so far."
    return "The training did not end: these are the epochs that it reported."


def _tensorboard(training: Training) -> str:
    folder = training.tensorboard
    return f"tensorboard --logdir {shlex.quote(str(folder))}" if folder else ""
