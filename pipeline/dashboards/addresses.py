"""Addresses of pages, relative to the site's folder."""

import urllib.parse

_RUN_PAGE = "index"  # first of a run


def of_run(run_id: str, page: str = _RUN_PAGE) -> str:
    """A page of a run."""
    return f"runs/{urllib.parse.quote(run_id, safe='')}/{page}.html"


def of_comparison(before: str, after: str) -> str:
    """The page of two runs side by side."""
    names = (urllib.parse.quote(run_id, safe="") for run_id in (before, after))
    return f"compare/{'--'.join(names)}.html"
