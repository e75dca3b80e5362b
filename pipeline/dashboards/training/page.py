"""The page of a training: its curves, its settings, and the calibration of its model."""

import shlex
from typing import Final

from pipeline.dashboards import panel_data
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.panel_data import CrossValidation, Tuning
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.training import (
    calibration,
    curves,
    hyperparameters,
    records,
    searches,
    tiles,
)
from pipeline.dashboards.training.records import Training
from pipeline.journal.events import NodeState

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


def content(sources: RunSources) -> Content | Absent:
    """Gathers the training page of a run.

    Raises:
      DashboardError: What the training wrote breaks its contract.
    """
    tuning = panel_data.read(sources.folder, Tuning)
    folds = panel_data.read(sources.folder, CrossValidation)
    training = records.read(sources)
    if training is None and tuning is None and folds is None:
        return _absent(sources)
    return Content(
        template="training.html",
        values={
            "state": _state(sources, training),
            "tiles": tiles.of(training) if training else (),
            "charts": (
                curves.all_of(training.epochs, training.selection)
                if training and training.epochs
                else ()
            ),
            "trained_by": training.trained_by if training else "",
            "calibration": calibration.of(training.detector) if training else None,
            "settings": (
                hyperparameters.table(training.settings) if training and training.settings else None
            ),
            "search": searches.of_tuning(tuning) if tuning else None,
            "folds": searches.of_cross_validation(folds) if folds and folds.folds else None,
            "tensorboard": _tensorboard(training),
        },
    )


def _absent(sources: RunSources) -> Absent:
    node = sources.state.nodes.get(records.NODE)
    if node is None or (sources.state.outcome is not None and node.state is NodeState.WAITING):
        return _NOTHING
    if node.state is NodeState.RUNNING and not sources.is_running:
        return _BROKE_OFF
    return _ABSENT.get(node.state, _NOTHING)


def _state(sources: RunSources, training: Training | None) -> str:
    """What must be said of figures that are not those of a finished training; else empty."""
    node = sources.state.nodes.get(records.NODE)
    if training is None or training.is_whole or not training.epochs:
        return ""
    if node is not None and node.state is NodeState.RUNNING:
        return "The training goes on: these are its figures so far."
    return "The training did not end: these are the epochs that it reported."


def _tensorboard(training: Training | None) -> str:
    folder = training.tensorboard if training else None
    return f"tensorboard --logdir {shlex.quote(str(folder))}" if folder else ""
