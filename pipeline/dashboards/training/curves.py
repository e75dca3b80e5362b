"""Curves over the epochs of a training. What a history does not hold has no curve."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.dashboards.training.records import Classes
from pipeline.evaluation import score_intervals
from pipeline.model import history
from pipeline.model.history import Epoch

Epochs = Sequence[Epoch]
Series = tuple[str, str, int]  # attribute of Epoch, title, digits

_MOST_TICKS: Final = 12
_STAGES: Final = {"heads": "heads", "fine_tune": "fine-tuning", "whole": "whole network"}

CONFIDENCE_LEVEL: Final = 0.95
_HIGHEST: Final = 1.02  # of the axis of the AUC, with room for the marks at 1


def stage_title(stage: str) -> str:
    """Name of a stage for people; empty where the stage is unknown."""
    return _STAGES.get(stage, stage)


def epoch_line(
    epochs: Epochs, attribute: str, name: str, colour: str, *, dash: str = "solid"
) -> Mapping[str, Any] | None:
    """A trace of one attribute of the epochs; None where no epoch has a number."""
    found = epoch_values(epochs, attribute)
    if all(value is None for value in found):
        return None
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [epoch.epoch for epoch in epochs],
        "y": found,
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"size": 6, "color": colour},
        "hovertemplate": f"{name}: %{{y:.4g}}<extra>epoch %{{x}}</extra>",
    }


def epoch_values(epochs: Epochs, attribute: str) -> list[float | None]:
    """One attribute of every epoch; None, which leaves a gap, where it is unknown or not finite."""
    found = [getattr(epoch, attribute) for epoch in epochs]
    return [value if value is not None and math.isfinite(value) else None for value in found]


def epoch_axis(epochs: Epochs) -> Mapping[str, Any]:
    """The axis of the epochs, with ticks at whole numbers."""
    last = epochs[-1].epoch
    step = max(1, math.ceil(last / _MOST_TICKS))
    return charts.axis("epoch", tick0=step, dtick=step, range=[0.5, last + 0.5])


def stage_marks(epochs: Epochs, *, names_above: bool = False) -> dict[str, Any]:
    """`shapes` and `annotations`: the best epoch; of several stages, each named, some shaded.

    Args:
      epochs: Epochs that the chart shows.
      names_above: Whether the names of the stages stand at the top, where bars leave room.
    """
    stages = list(_spans(epochs))
    return {
        "shapes": [
            _upright(history.best(epochs).epoch),
            *(_shade(first, last) for _, first, last in stages[1::2]),
        ],
        "annotations": [
            _label(name, first, is_above=names_above)
            for name, first, _ in stages
            if len(stages) > 1
        ],
    }


def marks_in_words(epochs: Epochs) -> str:
    """What the marks mean."""
    shaded = " Stages are named and shaded." if len(list(_spans(epochs))) > 1 else ""
    return f"The dotted line is the best epoch, {history.best(epochs).epoch}.{shaded}"


def epoch_table(caption: str, epochs: Epochs, series: Sequence[Series]) -> Table:
    """One row per epoch, with its stage where that is known."""
    has_stages = any(epoch.stage for epoch in epochs)
    stage = [Column(title="Stage")] if has_stages else []
    rows = []
    for epoch in epochs:
        named = [tables.text(stage_title(epoch.stage))] if has_stages else []
        figures = [tables.number(getattr(epoch, name), digits) for name, _, digits in series]
        rows.append(Row(cells=[tables.number(epoch.epoch), *named, *figures]))
    return Table(
        caption=caption,
        columns=[
            Column(title="Epoch", kind="number"),
            *stage,
            *(Column(title=title, kind="number") for _, title, _ in series),
        ],
        rows=rows,
        hides_caption=True,
    )


def _spans(epochs: Epochs) -> Iterator[tuple[str, int, int]]:
    """Title, first and last epoch of each stage."""
    for stage, members in itertools.groupby(epochs, key=lambda epoch: epoch.stage):
        numbers = [epoch.epoch for epoch in members]
        yield stage_title(stage), numbers[0], numbers[-1]


def _upright(epoch: int) -> Mapping[str, Any]:
    colour = {"color": charts.GOOD, "width": 1.5, "dash": "dot"}
    return {"type": "line", "yref": "paper", "x0": epoch, "x1": epoch, "y0": 0, "y1": 1} | {
        "line": colour
    }


def _shade(first: int, last: int) -> Mapping[str, Any]:
    return {
        "type": "rect",
        "yref": "paper",
        "x0": first - 0.5,
        "x1": last + 0.5,
        "y0": 0,
        "y1": 1,
        "fillcolor": charts.GRID,
        "opacity": 0.55,
        "line": {"width": 0},
        "layer": "below",
    }


def _label(name: str, first: int, *, is_above: bool) -> Mapping[str, Any]:
    """Name of a stage: at the bottom under curves, which begin high, or at the top over bars."""
    return {
        "text": name,
        "x": first + (0.5 if is_above else -0.4),
        "y": 1 if is_above else 0,
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "top" if is_above else "bottom",
        "showarrow": False,
        "font": {"color": charts.FAINT, "size": 12},
    }


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
        epoch_line(epochs, "loss", "training", charts.SERIES[0]),
        epoch_line(epochs, "val_loss", "selection split", charts.SERIES[1], dash="dash"),
    ]
    return Chart(
        id="loss",
        title="Loss",
        summary="Less is better. Where the selection loss rises while the training loss falls, the"
        f" model learns its training videos by heart. {marks_in_words(epochs)}",
        figure=charts.figure(
            [line for line in lines if line is not None],
            xaxis=epoch_axis(epochs),
            yaxis=charts.axis("balanced cross-entropy", rangemode="tozero"),
            **stage_marks(epochs),
        ),
        table=epoch_table(
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
    line = epoch_line(epochs, "val_auc", "selection AUC", charts.SERIES[0])
    lowest = _lowest(epochs, bounds)
    return Chart(
        id="selection-auc",
        title="Selection AUC",
        summary=f"Over videos; epoch {best.epoch} is the best, with {best.val_auc:.3f}"
        + (f" [{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds else "")
        + (". The axis does not begin at 0." if lowest else "."),
        figure=charts.figure(
            [*([line] if line else []), star],
            xaxis=epoch_axis(epochs),
            yaxis=charts.axis("AUC over videos", range=[lowest, _HIGHEST]),
            **stage_marks(epochs),
        ),
        table=epoch_table("Selection AUC by epoch", epochs, [("val_auc", "AUC", 4)]),
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
    drawn = [value for value in epoch_values(epochs, "val_auc") if value is not None]
    least = min([*drawn, *(bounds or ()), 1.0])
    return max(0.0, math.floor(10 * least - 0.5) / 10)


def _learning_rate(epochs: Epochs) -> Chart | None:
    line = epoch_line(epochs, "learning_rate", "learning rate", charts.SERIES[0])
    if line is None:
        return None
    return Chart(
        id="learning-rate",
        title="Learning rate",
        summary="At the end of each epoch, on a logarithmic axis.",
        figure=charts.figure(
            [line],
            xaxis=epoch_axis(epochs),
            yaxis=charts.axis("learning rate", type="log", exponentformat="power", dtick=1),
            showlegend=False,
            **stage_marks(epochs),
        ),
        table=epoch_table(
            "Learning rate by epoch", epochs, [("learning_rate", "Learning rate", 7)]
        ),
        height=260,
    )


def _gradient_norm(epochs: Epochs) -> Chart | None:
    mean = epoch_line(epochs, "gradient_norm", "mean", charts.SERIES[0])
    if mean is None:
        return None
    greatest = epoch_line(epochs, "max_gradient_norm", "maximum", charts.SERIES[1], dash="dot")
    clip = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": history.CLIP_NORM,
        "y1": history.CLIP_NORM,
        "line": {"color": charts.BAD, "width": 1.5, "dash": "dash"},
    }
    marks = stage_marks(epochs)
    return Chart(
        id="gradient-norm",
        title="Gradient norm",
        summary="Global norm of the gradients before clipping, over the steps of an epoch."
        f" Steps above the dashed line at {history.CLIP_NORM:g} were scaled down to it.",
        figure=charts.figure(
            [mean, *([greatest] if greatest else [])],
            xaxis=epoch_axis(epochs),
            yaxis=charts.axis("norm", type="log", tickformat="~g", dtick="D2"),
            **{**marks, "shapes": [*marks["shapes"], clip]},
        ),
        table=epoch_table(
            "Gradient norm by epoch",
            epochs,
            [("gradient_norm", "Mean", 4), ("max_gradient_norm", "Maximum", 4)],
        ),
        height=260,
    )


def _seconds(epochs: Epochs) -> Chart | None:
    values = epoch_values(epochs, "seconds")
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
            xaxis=epoch_axis(epochs),
            yaxis=charts.axis("seconds", rangemode="tozero"),
            showlegend=False,
            **stage_marks(epochs, names_above=True),
        ),
        table=epoch_table("Seconds by epoch", epochs, [("seconds", "Seconds", 2)]),
        height=260,
    )
