"""Charts of a page as plain values: Plotly figures whose colours are roles of the palette.

The browser puts the colours in (`web/scripts/charts.js`), so that one figure serves light, dark
and printed pages. Figures are plain mappings: a test holds them against Plotly's own schema.
"""

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards.tables import Table

# Roles of the palette (Okabe and Ito 2008, told apart by colour-blind readers).
REAL: Final = "@real"
FAKE: Final = "@fake"
ACCENT: Final = "@accent"  # the candidate, or the only series
BASELINE: Final = "@baseline"
GOOD: Final = "@good"
BAD: Final = "@bad"
WARN: Final = "@warn"
INK: Final = "@ink"
FAINT: Final = "@faint"
GRID: Final = "@grid"
PANEL: Final = "@panel"
SERIES: Final = tuple(f"@series{number}" for number in range(1, 8))

_ID: Final = re.compile(r"[a-z][a-z0-9-]*")

Figure = Mapping[str, Any]

_DIGITS: Final = 4
Part = Mapping[str, Any]  # keys of one trace, as `Chart.variants` has them


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart.

    Attributes:
      id: Unique on its page: lower-case letters, digits and hyphens.
      title: Heading above the chart.
      summary: What it shows and how to read it, in a sentence; also for screen readers.
      figure: `{"data": [...], "layout": {...}}`; fonts, margins and backgrounds are the page's. A
        trace may have `meta={"href": [...]}`: addresses, relative to the page, of its points.
      table: The same figures as a table, for those who cannot see the chart.
      group: Name of the selector that chooses the variant; empty for none.
      variants: By the selector's value, the keys to replace in each trace (one mapping per trace,
        values as Plotly's `restyle` takes them for one trace: plain arrays and strings).
      height: Height of the drawing, in pixels.
      missing: Said in place of the chart where the chosen value has no variant. The selector's
        first value needs none: it is the figure itself.
    """

    id: str
    title: str
    summary: str
    figure: Figure
    table: Table | None = None
    group: str = ""
    variants: Mapping[str, Sequence[Mapping[str, Any]]] = dataclasses.field(default_factory=dict)
    height: int = 340
    missing: str = "There is nothing to draw for this choice."

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"Chart.id must match {_ID.pattern}, got {self.id!r}")
        if self.variants and not self.group:
            raise ValueError(f"Chart {self.id} has variants but no group")


def faded(role: str, opacity: float) -> str:
    """A role with an opacity in [0, 1], for bands and fills."""
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be in [0, 1], got {opacity!r}")
    return f"{role}/{opacity:g}"


def figure(data: Sequence[Mapping[str, Any]], **layout: Any) -> Figure:
    """A figure of those traces; `layout` as Plotly's."""
    return {"data": list(data), "layout": layout}


def axis(title: str, **others: Any) -> Mapping[str, Any]:
    """An axis with a title."""
    return {"title": {"text": title}, **others}


def rate_axis(title: str, **others: Any) -> Mapping[str, Any]:
    """An axis from 0 to 1, with room for the marks on its ends."""
    return axis(title, range=[-0.02, 1.02], **others)


def short_number(values: Iterable[float], digits: int = _DIGITS) -> list[float | int | None]:
    """Plain numbers with at most `digits` after the point; null where there is none."""
    return [_short(float(value), digits) for value in values]


def _short(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = round(value, digits)
    return int(rounded) if rounded.is_integer() else rounded


def filled_trace(traces: Sequence[Part], parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Each trace merged with its part; the key `marker.size` sets `size` inside of `marker`."""
    return [_filled(trace, part) for trace, part in zip(traces, parts, strict=True)]


def _filled(trace: Part, part: Part) -> dict[str, Any]:
    whole = dict(trace)
    for key, value in part.items():
        outer, _, inner = key.partition(".")
        whole[outer] = {**whole.get(outer, {}), inner: value} if inner else value
    return whole


def dashed_trace(name: str, x: Sequence[Any], y: Sequence[Any]) -> dict[str, Any]:
    """A dashed line to compare with."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": FAINT, "width": 1, "dash": "dash"},
        "hoverinfo": "skip",
        "showlegend": False,  # the chart's summary says what it is
    }
