"""Addresses of pages, relative to the site's folder."""

import urllib.parse
from collections.abc import Callable
from typing import Final

_RUN_PAGE: Final = "index"  # first of a run
_BETWEEN: Final = "--"  # the two runs, in the name of a comparison's file


def of_run(run_id: str, page: str = _RUN_PAGE) -> str:
    """A page of a run."""
    return f"runs/{urllib.parse.quote(run_id, safe='')}/{page}.html"


def of_comparison(before: str, after: str) -> str:
    """The page of two runs side by side."""
    names = (urllib.parse.quote(run_id, safe="") for run_id in (before, after))
    return f"compare/{_BETWEEN.join(names)}.html"


def pair_of(name: str, is_run: Callable[[str], bool]) -> tuple[str, str] | None:
    """The two runs of a comparison; None where there are no such runs.

    Args:
      name: Of its file, without `.html`.
      is_run: Tells the ids of runs: they may hold what stands between them.
    """
    parts = name.split(_BETWEEN)
    for at in range(1, len(parts)):
        before, after = _BETWEEN.join(parts[:at]), _BETWEEN.join(parts[at:])
        if is_run(before) and is_run(after):
            return before, after
    return None
