"""Settings of a run that differ from the defaults, and commands that tell more of the run."""

import pathlib
import shlex
from collections.abc import Mapping
from typing import Any, Final

import yaml

from pipeline.config import load
from pipeline.config.sections import SQLITE, EvaluationConfig
from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import tables
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.runs.folders import RunFolder
from schemas.errors import DashboardError
from schemas.run_report import Status

_BACKEND: Final = "metadata.backend"
_FILE: Final = "metadata.sqlite"


def read(folder: RunFolder) -> Mapping[str, Any]:
    """Values of a run's configuration by dotted key; empty where it wrote none.

    It is not read as a `PipelineConfig`: a run of another version has other keys.

    Raises:
      DashboardError: `configuration_record`: The file is not YAML.
    """
    if not folder.config.is_file():
        return {}
    return _parsed(folder.config)


def differences(values: Mapping[str, Any]) -> Table | None:
    """Keys whose values are not the defaults of this version; None where there are none."""
    defaults = dict(load.flattened(load.parse_yaml(load.dump(PipelineConfig()))))
    rows = [
        Row(cells=[tables.text(key), _shown(value), _shown(defaults.get(key))])
        for key, value in values.items()
        if key not in defaults or defaults[key] != value
    ]
    if not rows:
        return None
    return Table(
        caption="Settings that differ from the defaults",
        columns=[Column(title="Setting"), Column(title="Value"), Column(title="Default")],
        rows=rows,
        hides_caption=True,
        is_searchable=len(rows) > 20,
    )


def evaluation_settings(values: Mapping[str, Any]) -> EvaluationConfig:
    """The evaluation settings that pages need, from the values that `read` returns."""
    asked = ("confidence_level", "min_slice_videos")
    given = {name: values.get(f"evaluation.{name}") for name in asked}
    return EvaluationConfig(**{name: value for name, value in given.items() if value is not None})


def _parsed(path: pathlib.Path) -> Mapping[str, Any]:
    try:
        return dict(load.flattened(load.parse_yaml(path.read_text(encoding="utf-8"))))
    except yaml.YAMLError as error:
        raise DashboardError(
            "configuration_record", f"{path} is not YAML: {error}; restore it"
        ) from error


def _shown(value: object) -> tables.Cell:
    if value is None or value in ("", [], {}):
        return tables.text("none", tone="faint")
    return tables.text(", ".join(map(str, value)) if isinstance(value, list) else value)


def commands_of_run(sources: RunSources) -> tuple[str, ...]:
    """What to ask next of a run: its report, and of its model where it has one."""
    show = f"deepfake runs show {sources.run_id} --output {shlex.quote(str(sources.output))}"
    if sources.is_running:
        return (show,)
    pushed = sources.report.pushed
    if pushed:
        return (
            show,
            lineage_commands(sources, "show", pushed.version),
            lineage_commands(sources, "why", pushed.version),
        )
    if sources.report.status is Status.NOT_BLESSED:
        return (show, lineage_commands(sources, "why", sources.run_id))
    return (show,)


def lineage_commands(sources: RunSources, command: str, *names: str) -> str:
    """`deepfake lineage COMMAND NAME...`, with what it needs to find the records of the run."""
    return f"deepfake lineage {command} {shlex.join(names)} {_store(sources)}"


def _store(sources: RunSources) -> str:
    """A store in the output folder is found by it; another one by the run's configuration."""
    values: Mapping[str, Any] = read(sources.folder)
    if values.get(_BACKEND, SQLITE) == SQLITE and not values.get(_FILE):
        return f"--output {shlex.quote(str(sources.output))}"
    return f"--config {shlex.quote(str(sources.folder.config))}"
