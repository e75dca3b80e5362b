"""Curves over the epochs of a training. What a history does not hold has no curve."""

import math
from typing import Any, Final

from pipeline.dashboards import charts
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.training import over_epochs
from pipeline.dashboards.training.over_epochs import Epochs
from pipeline.dashboards.training.records import Classes
from pipeline.evaluation import score_intervals
from pipeline.model import history

CONFIDENCE_LEVEL: Final = 0.95
_HIGHEST: Final = 1.02  # of the axis of the AUC, with room for the marks at 1


def all_of(epochs: Epochs, selection: Classes | None) -> tuple[Chart, ...]:
    """The charts that the history can fill, in the order of the page."""
    found = (
        loss(epochs),
        selection_auc(epochs, selection),
        _learning_rate(epochs),
        _gradient_norm(epochs),
        _seconds(epochs),
    )
    return tuple(chart for chart in found if chart is not None)


def loss(epochs: Epochs, *, height: int = 300) -> Chart:
    """Training and selection loss."""
    lines = [
        over_epochs.line(epochs, "loss", "training", charts.SERIES[0]),
        over_epochs.line(epochs, "val_loss", "selection split", charts.SERIES[1], dash="dash"),
    ]
    return Chart(
        id="loss",
        title="Loss",
        summary="Less is better. Where the selection loss rises while the training loss falls, the"
        f" model learns its training videos by heart. {over_epochs.marks_in_words(epochs)}",
        figure=charts.figure(
            [line for line in lines if line is not None],
            xaxis=over_epochs.axis(epochs),
            yaxis=charts.axis("balanced cross-entropy", rangemode="tozero"),
            **over_epochs.marks(epochs),
        ),
        table=over_epochs.table(
            "Loss by epoch", epochs, [("loss", "Training", 4), ("val_loss", "Selection", 4)]
        ),
        height=height,
    )


def selection_auc(epochs: Epochs, selection: Classes | None, *, height: int = 300) -> Chart:
    """AUC over the videos of the selection split, the best epoch marked with its interval."""
    best = history.best(epochs)
    bounds = interval(best.val_auc, selection)
    star: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "name": "best epoch",
        "x": [best.epoch],
        "y": [best.val_auc],
        "marker": {"symbol": "star", "size": 15, "color": charts.GOOD},
        "hovertemplate": f"best epoch {best.epoch}: {best.val_auc:.3f}<extra></extra>",
    }
    if bounds is not None:
        star["error_y"] = {
            "type": "data",
            "array": [bounds[1] - best.val_auc],
            "arrayminus": [best.val_auc - bounds[0]],
            "color": charts.GOOD,
            "thickness": 1.5,
        }
    line = over_epochs.line(epochs, "val_auc", "selection AUC", charts.SERIES[0])
    lowest = _lowest(epochs, bounds)
    return Chart(
        id="selection-auc",
        title="Selection AUC",
        summary=f"Over videos; epoch {best.epoch} is the best, with {best.val_auc:.3f}"
        + (f" [{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds else "")
        + (". The axis does not begin at 0." if lowest else "."),
        figure=charts.figure(
            [*([line] if line else []), star],
            xaxis=over_epochs.axis(epochs),
            yaxis=charts.axis("AUC over videos", range=[lowest, _HIGHEST]),
            **over_epochs.marks(epochs),
        ),
        table=over_epochs.table("Selection AUC by epoch", epochs, [("val_auc", "AUC", 4)]),
        height=height,
    )


def interval(auc: float, selection: Classes | None) -> tuple[float, float] | None:
    """95 % interval of an AUC over the videos of the selection split (Newcombe 2006)."""
    if selection is None or not selection.num_fakes or not selection.num_reals:
        return None
    if not math.isfinite(auc):
        return None
    return score_intervals.area_under_curve(
        auc, selection.num_fakes, selection.num_reals, CONFIDENCE_LEVEL
    )


def _lowest(epochs: Epochs, bounds: tuple[float, float] | None) -> float:
    """Where the axis of the AUC begins: a round number below all that is drawn."""
    drawn = [value for value in over_epochs.values(epochs, "val_auc") if value is not None]
    least = min([*drawn, *(bounds or ()), 1.0])
    return max(0.0, math.floor(10 * least - 0.5) / 10)


def _learning_rate(epochs: Epochs) -> Chart | None:
    line = over_epochs.line(epochs, "learning_rate", "learning rate", charts.SERIES[0])
    if line is None:
        return None
    return Chart(
        id="learning-rate",
        title="Learning rate",
        summary="At the end of each epoch, on a logarithmic axis.",
        figure=charts.figure(
            [line],
            xaxis=over_epochs.axis(epochs),
            yaxis=charts.axis("learning rate", type="log", exponentformat="power", dtick=1),
            showlegend=False,
            **over_epochs.marks(epochs),
        ),
        table=over_epochs.table(
            "Learning rate by epoch", epochs, [("learning_rate", "Learning rate", 7)]
        ),
        height=260,
    )


def _gradient_norm(epochs: Epochs) -> Chart | None:
    mean = over_epochs.line(epochs, "gradient_norm", "mean", charts.SERIES[0])
    if mean is None:
        return None
    greatest = over_epochs.line(
        epochs, "max_gradient_norm", "maximum", charts.SERIES[1], dash="dot"
    )
    clip = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": history.CLIP_NORM,
        "y1": history.CLIP_NORM,
        "line": {"color": charts.BAD, "width": 1.5, "dash": "dash"},
    }
    marks = over_epochs.marks(epochs)
    return Chart(
        id="gradient-norm",
        title="Gradient norm",
        summary="Global norm of the gradients before clipping, over the steps of an epoch."
        f" Steps above the dashed line at {history.CLIP_NORM:g} were scaled down to it.",
        figure=charts.figure(
            [mean, *([greatest] if greatest else [])],
            xaxis=over_epochs.axis(epochs),
            yaxis=charts.axis("norm", type="log", tickformat="~g", dtick="D2"),
            **{**marks, "shapes": [*marks["shapes"], clip]},
        ),
        table=over_epochs.table(
            "Gradient norm by epoch",
            epochs,
            [("gradient_norm", "Mean", 4), ("max_gradient_norm", "Maximum", 4)],
        ),
        height=260,
    )


def _seconds(epochs: Epochs) -> Chart | None:
    values = over_epochs.values(epochs, "seconds")
    if not any(value is not None for value in values):
        return None
    return Chart(
        id="epoch-seconds",
        title="Time per epoch",
        summary="Wall time with the evaluation of the selection split. The first epoch of a stage"
        " also compiles the graph.",
        figure=charts.figure(
            [
                {
                    "type": "bar",
                    "x": [epoch.epoch for epoch in epochs],
                    "y": values,
                    "marker": {"color": charts.SERIES[0]},
                    "hovertemplate": "epoch %{x}: %{y:.2f} s<extra></extra>",
                }
            ],
            xaxis=over_epochs.axis(epochs),
            yaxis=charts.axis("seconds", rangemode="tozero"),
            showlegend=False,
            **over_epochs.marks(epochs, names_above=True),
        ),
        table=over_epochs.table("Seconds by epoch", epochs, [("seconds", "Seconds", 2)]),
        height=260,
    )
