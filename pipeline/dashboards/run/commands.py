"""Commands that go on from where a page stops."""

import shlex
from collections.abc import Mapping
from typing import Any, Final

from pipeline.config.metadata import SQLITE
from pipeline.dashboards.run import configuration
from pipeline.dashboards.sources import RunSources
from pipeline.reports import run_report

_BACKEND: Final = "metadata.backend"
_FILE: Final = "metadata.sqlite"


def of_run(sources: RunSources) -> tuple[str, ...]:
    """What to ask next of a run: its report, and of its model where it has one."""
    show = f"deepfake runs show {sources.run_id} --output {shlex.quote(str(sources.output))}"
    if sources.is_running:
        return (show,)
    status = sources.summary["status"]
    if status == run_report.PUSHED:
        version = sources.summary["pushed"]["version"]
        return (show, lineage(sources, "show", version), lineage(sources, "why", version))
    if status == run_report.NOT_BLESSED:
        return (show, lineage(sources, "why", sources.run_id))
    return (show,)


def lineage(sources: RunSources, command: str, *names: str) -> str:
    """`deepfake lineage COMMAND NAME...`, with what it needs to find the records of the run."""
    return f"deepfake lineage {command} {shlex.join(names)} {_store(sources)}"


def _store(sources: RunSources) -> str:
    """A store in the output folder is found by it; another one by the run's configuration."""
    values: Mapping[str, Any] = configuration.read(sources.folder)
    if values.get(_BACKEND, SQLITE) == SQLITE and not values.get(_FILE):
        return f"--output {shlex.quote(str(sources.output))}"
    return f"--config {shlex.quote(str(sources.folder.config))}"
