"""Fills the templates of `web/templates`: everything that a run says is text, never markup."""

import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jinja2
import markupsafe

from pipeline.dashboards import assets
from pipeline.dashboards.charts import Chart

# Inside a script element these would end it, or be markup to a careless reader.
_ESCAPED: Final = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Link:
    """An entry of the navigation; `href` is relative to the page."""

    title: str
    href: str
    is_current: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Frame:
    """What surrounds the content of a page.

    Attributes:
      title: Of the document and its first heading.
      subtitle: Below it; empty for none.
      root: Relative address of the site's folder, with a slash at the end; empty on the index.
      notice: What must be said of the figures; empty if nothing.
      crumbs: From the index to here.
      tabs: The pages of this run.
      is_standalone: Whether style, script and Plotly go into the page itself, which then needs no
        other file and has no navigation.
      is_live: Whether the run goes on: a server then refreshes the page.
    """

    title: str
    subtitle: str = ""
    root: str = ""
    notice: str = ""
    crumbs: Sequence[Link] = ()
    tabs: Sequence[Link] = ()
    is_standalone: bool = False
    is_live: bool = False


def page(template: str, frame: Frame, values: Mapping[str, Any]) -> str:
    """The HTML text of one page.

    Args:
      template: File below `web/templates`.
      frame: What surrounds it.
      values: Variables of the template; one that is missing is an error.
    """
    inlined = assets.texts() if frame.is_standalone else None
    surroundings = {
        "frame": frame,
        "inlined": inlined,
        "policy": assets.policy(frame.is_standalone),
    }
    return _environment().get_template(template).render(surroundings | dict(values))


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.dashboards", "web/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["script_json"] = script_json
    environment.filters["chart_json"] = _chart_json
    return environment


def script_json(value: Any) -> markupsafe.Markup:
    """JSON for the inside of a `<script type="application/json">`; NaN is an error."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    for character, escaped in _ESCAPED.items():
        text = text.replace(character, escaped)
    return markupsafe.Markup(text)


def _chart_json(chart: Chart) -> markupsafe.Markup:
    said = ("figure", "variants", "height", "missing")
    return script_json({name: getattr(chart, name) for name in said})
