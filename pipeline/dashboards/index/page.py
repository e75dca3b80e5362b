"""The page of all runs: where each pipeline stands, trends, and a table."""

import pathlib
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from components.guarded_pusher import keys as pusher_keys
from pipeline.dashboards import headline
from pipeline.dashboards.index import run_table, standing, trends, volumes
from pipeline.dashboards.index.entries import Entry, Runs
from pipeline.dashboards.index.links import Links
from pipeline.dashboards.pages import Content
from pipeline.journal.dashboard_folder import DashboardFolder
from pipeline.lineage import names
from pipeline.lineage.store import Store
from schemas import erased

_COMMAND = "deepfake dashboard"


def content(output: pathlib.Path, found: Runs, store: Store | None) -> Content:
    """What the page shows.

    Args:
      output: The output folder.
      found: The runs below it.
      store: ML Metadata; None where nothing is recorded yet.
    """
    runs, site = found.entries, DashboardFolder.below(output)
    links = Links(site)
    is_evaluated = any(run.metrics for run in runs)
    has_videos = any(run.num_videos is not None for run in runs)
    values: Mapping[str, Any] = {
        "standings": standing.of_runs(runs, links),
        "unreadable": [str(error) for error in found.unreadable],
        "metrics": [metric.title for metric in headline.HEADLINES],
        "metric_group": trends.METRIC,
        "trend": trends.metric_trend(runs, links) if is_evaluated else None,
        "videos": volumes.video_counts(runs, links) if has_videos else None,
        "runs": run_table.of_runs(runs, links, _tainted(store)) if runs else None,
        "chooser": _chooser(site, output, runs),
        "build": f"{_COMMAND}{_option(output)}",
    }
    return Content(template="index.html", values=values)


def notice(runs: Sequence[Entry]) -> str:
    """What must be said of the figures of the runs; empty if nothing."""
    said = {run.notice for run in runs if run.notice}
    if not said:
        return ""
    if len(said) == 1 and all(run.notice for run in runs):
        return said.pop()
    counted = sum(bool(run.notice) for run in runs)
    return f"Of {counted} of {len(runs)} runs, marked “with a notice”: {' '.join(sorted(said))}"


def _tainted(store: Store | None) -> Collection[str]:
    """Versions that learnt from a video that was erased later."""
    pushed = store.artifacts_by_type(names.PUSHED_MODEL) if store else ()
    return frozenset(
        str(artifact.properties.get(pusher_keys.PUSHED_VERSION, ""))
        for artifact in pushed
        if artifact.properties.get(erased.TAINTED) == 1
    )


def _chooser(site: DashboardFolder, output: pathlib.Path, runs: Sequence[Entry]) -> Any:
    """What the script of the page needs to let two runs be chosen."""
    return {
        "runs": [run.run_id for run in runs],  # oldest first
        "rows": [run_table.row_id(run.run_id) for run in runs],
        "built": [path.stem for path in site.comparisons()],
        "command": f"{_COMMAND}{_option(output)} --compare",
    }


def _option(output: pathlib.Path) -> str:
    return f" --output {shlex.quote(str(output))}"
