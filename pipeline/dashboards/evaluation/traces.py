"""What the charts of this page share: traces with parts that follow a selector."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dashboards import charts

Part = Mapping[str, Any]  # keys of one trace, as `charts.Chart.variants` has them


def filled(traces: Sequence[Part], parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Each trace with its part; "marker.size" is a key below a key."""
    return [_filled(trace, part) for trace, part in zip(traces, parts, strict=True)]


def _filled(trace: Part, part: Part) -> dict[str, Any]:
    whole = dict(trace)
    for key, value in part.items():
        outer, _, inner = key.partition(".")
        whole[outer] = {**whole.get(outer, {}), inner: value} if inner else value
    return whole


def dashed(name: str, x: Sequence[Any], y: Sequence[Any]) -> dict[str, Any]:
    """A dashed line to compare with."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": charts.FAINT, "width": 1, "dash": "dash"},
        "hoverinfo": "skip",
        "showlegend": False,  # the chart's summary says what it is
    }
