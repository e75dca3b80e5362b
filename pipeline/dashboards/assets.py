"""Style, script and Plotly: written once per site, or taken into a page that stands alone."""

import base64
import functools
import hashlib
import importlib.resources
import os
import pathlib
import secrets
from collections.abc import Mapping
from typing import Final

from pipeline.journal.dashboard_folder import DashboardFolder

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


@functools.cache
def texts() -> Mapping[str, str]:
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
def policy(is_standalone: bool) -> str:
    """The content security policy of a page: scripts are the site's own and no others.

    Args:
      is_standalone: Whether the scripts are in the page itself; each is then named by its hash.
    """
    if not is_standalone:
        return f"{_POLICY}'self' file:"
    return _POLICY + " ".join(_hash(texts()[name]) for name in (SCRIPT, PLOTLY))


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def write(site: DashboardFolder) -> None:
    """Writes those that are missing or of another version; readers see a file whole or not."""
    site.assets.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        path = site.assets / name
        if not (path.is_file() and path.read_text(encoding="utf-8") == text):
            replace(path, text)


def replace(path: pathlib.Path, text: str) -> None:
    """Writes a file at once; other writers of the same file do not mix with this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
