"""What charts over the epochs of a training share: lines, axis, marks of stages, tables."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.model import history
from pipeline.model.history import Epoch

Epochs = Sequence[Epoch]
Series = tuple[str, str, int]  # attribute of Epoch, title, digits

_MOST_TICKS: Final = 12
_STAGES: Final = {"heads": "heads", "fine_tune": "fine-tuning", "whole": "whole network"}


def stage_title(stage: str) -> str:
    """Name of a stage for people; empty where the stage is unknown."""
    return _STAGES.get(stage, stage)


def line(
    epochs: Epochs, attribute: str, name: str, colour: str, *, dash: str = "solid"
) -> Mapping[str, Any] | None:
    """A trace of one attribute of the epochs; None where no epoch has a number."""
    found = values(epochs, attribute)
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


def values(epochs: Epochs, attribute: str) -> list[float | None]:
    """Of every epoch; None where it is unknown or no number, which leaves a gap."""
    found = [getattr(epoch, attribute) for epoch in epochs]
    return [value if value is not None and math.isfinite(value) else None for value in found]


def axis(epochs: Epochs) -> Mapping[str, Any]:
    """The axis of the epochs, with ticks at whole numbers."""
    last = epochs[-1].epoch
    step = max(1, math.ceil(last / _MOST_TICKS))
    return charts.axis("epoch", tick0=step, dtick=step, range=[0.5, last + 0.5])


def marks(epochs: Epochs, *, names_above: bool = False) -> dict[str, Any]:
    """`shapes` and `annotations`: the best epoch; of several stages, each named, some shaded.

    Args:
      epochs: Of the chart.
      names_above: Whether the names of the stages stand above, where bars leave room.
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


def table(caption: str, epochs: Epochs, series: Sequence[Series]) -> Table:
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
    """Below, where curves that fall begin high; above bars, beside the first, tall one."""
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
