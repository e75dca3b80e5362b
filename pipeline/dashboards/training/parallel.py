"""Trials as lines through parallel axes, drawn with plain lines.

Plotly's own parallel coordinates need WebGL, and WebGL needs a policy that lets text become code.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts
from pipeline.dashboards.charts import Chart

_LOGARITHMIC_FROM: Final = 30.0  # times that the greatest value is the least

Values = Mapping[str, Sequence[float]]  # by axis, one per trial


def of(values: Values, names: Sequence[str], chosen: str) -> Chart:
    """The chart.

    Args:
      values: Of every trial by axis, in the order of the axes; finite.
      names: Of the trials.
      chosen: The trial that stands out.
    """
    heights = {axis: _heights(found) for axis, found in values.items()}
    others = [number for number, name in enumerate(names) if name != chosen]
    best = [number for number, name in enumerate(names) if name == chosen]
    return Chart(
        id="trials-by-setting",
        title="Settings of the trials",
        summary="One line per trial through its settings to its score; the thick one was chosen."
        " Every axis reaches from its least to its greatest value.",
        figure=charts.figure(
            [
                _lines(
                    values, heights, names, others, "other trials", f"{charts.ACCENT}/0.45", 1.2
                ),
                _lines(values, heights, names, best, f"trial {chosen}", charts.GOOD, 3.5),
            ],
            xaxis={
                "tickvals": list(range(len(values))),
                "ticktext": list(values),
                "range": [-0.3, len(values) - 0.7],
            },
            yaxis={"visible": False, "range": [-0.16, 1.16]},
            annotations=[note for axis in enumerate(values.items()) for note in _ends(*axis)],
        ),
        height=340,
    )


def _heights(values: Sequence[float]) -> list[float]:
    """In [0, 1]; on a logarithmic scale where the values span orders of magnitude."""
    least, most = min(values), max(values)
    if least == most:
        return [0.5] * len(values)
    if least > 0 and most / least >= _LOGARITHMIC_FROM:
        return [math.log(value / least) / math.log(most / least) for value in values]
    return [(value - least) / (most - least) for value in values]


def _lines(
    values: Values,
    heights: Values,
    names: Sequence[str],
    trials: Sequence[int],
    title: str,
    colour: str,
    width: float,
) -> Mapping[str, Any]:
    """One trace with a line per trial; None between two lifts the pen."""
    x: list[int | None] = []
    y: list[float | None] = []
    text: list[str] = []
    for trial in trials:
        x += [*range(len(values)), None]
        y += [*(round(found[trial], 4) for found in heights.values()), None]
        text += [f"trial {names[trial]}: {a} {found[trial]:g}" for a, found in values.items()]
        text.append("")
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": title,
        "x": x,
        "y": y,
        "text": text,
        "line": {"color": colour, "width": width},
        "marker": {"color": colour, "size": 6},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _ends(position: int, axis: tuple[str, Sequence[float]]) -> list[Mapping[str, Any]]:
    """Least and greatest value, written at the ends of an axis."""
    _, values = axis
    return [
        {
            "text": f"{value:.3g}",
            "x": position,
            "y": y,
            "yanchor": anchor,
            "showarrow": False,
            "font": {"color": charts.FAINT, "size": 12},
        }
        for value, y, anchor in ((max(values), 1.03, "bottom"), (min(values), -0.03, "top"))
    ]
