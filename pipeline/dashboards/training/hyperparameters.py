"""The settings of a training beside their defaults."""

import dataclasses
from collections.abc import Iterator

from pipeline.config.sections import TrainingConfig
from pipeline.dashboards import tables
from pipeline.dashboards.tables import Cell, Column, Row, Table


def table(settings: TrainingConfig) -> Table:
    """One row per setting, those that were changed first."""
    rows = sorted(_rows(settings), key=lambda row: row.cells[3].text == "")
    return Table(
        caption="Settings of the training and their defaults, changed ones first",
        columns=[
            Column(title="Setting", help="Below `training` in the configuration."),
            Column(title="Value"),
            Column(title="Default"),
            Column(title="Changed"),
        ],
        rows=rows,
        hides_caption=True,
    )


def _rows(settings: TrainingConfig) -> Iterator[Row]:
    defaults = TrainingConfig()
    for field in dataclasses.fields(settings):
        value, default = getattr(settings, field.name), getattr(defaults, field.name)
        is_changed = value != default
        changed = tables.text("changed", tone="warn") if is_changed else tables.text("")
        cells = [tables.text(field.name), _setting(value), _setting(default), changed]
        yield Row(cells=cells)


def _setting(value: object) -> Cell:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return Cell(text=shown, sort=value if isinstance(value, int | float) else shown)
