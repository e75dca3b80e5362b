"""The table of models that were trained without one manipulation method, and tested on it."""

from pipeline.dashboards import panel_data, tables
from pipeline.dashboards.panel_data import Figure, LeaveOneMethodOut, LeftOut
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.runs.folders import RunFolder
from schemas.run_report import Estimate


def of(folder: RunFolder) -> Table | None:
    """The table; None for a run without such data.

    Raises:
      PanelDataError: The data breaks its contract.
    """
    data = panel_data.read(folder, LeaveOneMethodOut)
    if data is None:
        return None
    return Table(
        caption=f"{data.metric} on each method, by a model that has not seen it",
        columns=[
            Column(title="Method"),
            Column(title="Unseen", kind="number", help="Of a model trained without the method."),
            Column(title="Seen", kind="number", help="Of the model trained with it."),
            Column(title="Cost", kind="number", help="What not having seen it costs."),
            Column(title="Videos", kind="number"),
        ],
        rows=[_row(entry) for entry in data.methods],
    )


def _row(entry: LeftOut) -> Row:
    return Row(
        cells=[
            tables.text(entry.manipulation_method),
            _estimate(entry.unseen),
            tables.number(None) if entry.seen is None else _estimate(entry.seen),
            _cost(entry),
            tables.number(entry.unseen.num_videos),
        ]
    )


def _estimate(figure: Figure) -> Cell:
    return tables.estimate(Estimate(value=figure.value, lower=figure.lower, upper=figure.upper))


def _cost(entry: LeftOut) -> Cell:
    if entry.seen is None:
        return tables.number(None)
    cost = entry.seen.value - entry.unseen.value
    return Cell(text=f"{cost:+.3f}", sort=cost)
