"""Fills the templates of `web/templates`; style and scripts lie beside pages or inside them."""

import base64
import dataclasses
import functools
import hashlib
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jinja2
import markupsafe

from pipeline.dashboards.charts import Chart
from pipeline.runs.folders import DashboardFolder
from schemas import files

STYLE: Final = "site.css"
SCRIPT: Final = "site.js"
PLOTLY: Final = "plotly.min.js"
# One after the other: those behind use what those before define.
_SCRIPTS: Final = ("page", "theme", "live", "tables", "charts", "widgets", "chooser")

# Plotly adds style elements of its own; whatever a style could fetch, the other rules refuse. What
# 'self' is to a page that is opened from disk is not settled among browsers: `file:` says it.
_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "style-src 'self' file: 'unsafe-inline'; img-src 'self' file: data: blob:; "
    "connect-src 'self'; frame-src 'self' file:; script-src "
)

# Inside a script element these would end it, or be markup to a careless reader.
_ESCAPED: Final = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


@functools.cache
def asset_texts() -> Mapping[str, str]:
    """All of them, by file name."""
    web = importlib.resources.files("pipeline.dashboards") / "web"
    scripts = (web / "scripts" / f"{name}.js" for name in _SCRIPTS)
    plotly = importlib.resources.files("plotly") / "package_data" / PLOTLY
    return {
        STYLE: (web / STYLE).read_text(encoding="utf-8"),
        SCRIPT: "\n".join(script.read_text(encoding="utf-8") for script in scripts),
        PLOTLY: plotly.read_text(encoding="utf-8"),
    }


@functools.cache
def content_policy(is_standalone: bool) -> str:
    """The content security policy of a page: scripts are the site's own and no others.

    Args:
      is_standalone: Whether the scripts are in the page itself; each is then named by its hash.
    """
    if not is_standalone:
        return f"{_POLICY}'self' file:"
    return _POLICY + " ".join(_hash(asset_texts()[name]) for name in (SCRIPT, PLOTLY))


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def write_assets(site: DashboardFolder) -> None:
    """Writes those that are missing or of another version; readers see a file whole or not."""
    site.assets.mkdir(parents=True, exist_ok=True)
    for name, text in asset_texts().items():
        path = site.assets / name
        if not (path.is_file() and path.read_text(encoding="utf-8") == text):
            files.write(path, text)


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
      title: Title of the document, also its first heading.
      subtitle: Line below the first heading; empty for none.
      root: Relative address of the site's folder, with a slash at the end; empty on the index.
      notice: What must be said of the figures; empty if nothing.
      crumbs: Links from the index to this page.
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
    inlined = asset_texts() if frame.is_standalone else None
    surroundings = {
        "frame": frame,
        "inlined": inlined,
        "policy": content_policy(frame.is_standalone),
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
