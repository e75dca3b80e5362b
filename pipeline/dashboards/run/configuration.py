"""What a run was asked to do: its configuration beside the defaults."""

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from pipeline.config import load, yaml12
from pipeline.config.sections import EvaluationConfig
from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import tables
from pipeline.dashboards.errors import ConfigurationRecordError
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.journal.run_folder import RunFolder


def read(folder: RunFolder) -> Mapping[str, Any]:
    """Values of a run's configuration by dotted key; empty where it wrote none.

    It is not read as a `PipelineConfig`: a run of another version has other keys.

    Raises:
      ConfigurationRecordError: The file is not YAML.
    """
    if not folder.config.is_file():
        return {}
    return _parsed(folder.config)


def differences(values: Mapping[str, Any]) -> Table | None:
    """Keys whose values are not the defaults of this version; None where there are none."""
    defaults = dict(_flat(yaml12.parse(load.dump(PipelineConfig()))))
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


def bars(values: Mapping[str, Any]) -> EvaluationConfig:
    """How the evaluation was configured, as far as pages ask, by the values of `read`."""
    asked = ("confidence_level", "min_slice_videos")
    given = {name: values.get(f"evaluation.{name}") for name in asked}
    return EvaluationConfig(**{name: value for name, value in given.items() if value is not None})


def _parsed(path: pathlib.Path) -> Mapping[str, Any]:
    try:
        return dict(_flat(yaml12.parse(path.read_text(encoding="utf-8"))))
    except yaml.YAMLError as error:
        raise ConfigurationRecordError(f"{path} is not YAML: {error}; restore it") from error


def _flat(value: object, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{at}.{key}" if at else str(key))
    else:
        yield at, value


def _shown(value: object) -> tables.Cell:
    if value is None or value in ("", [], {}):
        return tables.text("none", tone="faint")
    return tables.text(", ".join(map(str, value)) if isinstance(value, list) else value)
