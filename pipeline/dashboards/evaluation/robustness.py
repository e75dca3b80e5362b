"""The heat map of one metric under perturbations, for runs that have `panels/robustness.json`."""

from collections.abc import Sequence

from pipeline.dashboards import charts, panel_data, tables
from pipeline.dashboards.charts import Chart, short_number
from pipeline.dashboards.panel_data import Figure, Perturbed, Robustness
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.runs.folders import RunFolder
from schemas.run_report import Estimate


def of(folder: RunFolder) -> Chart | None:
    """The heat map; None for a run without such data.

    Raises:
      PanelDataError: The data breaks its contract.
    """
    data = panel_data.read(folder, Robustness)
    return None if data is None else _chart(data)


def _chart(data: Robustness) -> Chart:
    names = list(dict.fromkeys(entry.perturbation for entry in data.perturbed))
    rows = [[one for one in data.perturbed if one.perturbation == name] for name in names]
    steps = max(map(len, rows), default=0)
    heat = {
        "type": "heatmap",
        "x": [f"level {step}" for step in range(1, steps + 1)],
        "y": names,
        "z": [_padded(short_number(one.figure.value for one in row), steps) for row in rows],
        "text": [_padded([_label(one) for one in row], steps, gap="") for row in rows],
        "texttemplate": "%{text}",
        "hovertemplate": "<b>%{y}</b>, %{x}<br>%{text}<extra></extra>",
        "hoverongaps": False,
        "colorscale": charts.SEQUENTIAL,
        "zmin": 0,
        "zmax": 1,
        "xgap": 2,
        "ygap": 2,
        "colorbar": {"title": {"text": data.metric}, "thickness": 12},
    }
    return Chart(
        id="robustness",
        title=f"{data.metric} under perturbations",
        summary="Each row is a perturbation, stronger to the right."
        f" Without any: {_shown(data.clean)}.",
        figure=charts.figure(
            [heat],
            xaxis=charts.axis("", showgrid=False),
            yaxis=charts.axis("", autorange="reversed", showgrid=False),
        ),
        table=_table(data),
        height=110 + 52 * len(names),
    )


def _padded(values: Sequence[object], size: int, gap: str | None = None) -> list[object]:
    """A row as long as the longest; Plotly would write a text of None as "null"."""
    return [*values, *[gap] * (size - len(values))]


def _label(one: Perturbed) -> str:
    return f"{one.figure.value:.3f}<br>{one.level}"


def _shown(figure: Figure) -> str:
    bounds = (
        ""
        if figure.lower is None or figure.upper is None
        else f" [{figure.lower:.3f}, {figure.upper:.3f}]"
    )
    return f"{figure.value:.3f}{bounds} over {figure.num_videos:,} videos"


def _table(data: Robustness) -> Table:
    clean = Row(cells=[tables.text("none"), tables.text(""), *_figures(data.clean, data.clean)])
    return Table(
        caption=f"{data.metric} under perturbations",
        columns=[
            Column(title="Perturbation"),
            Column(title="Level"),
            Column(title=data.metric, kind="number"),
            Column(title="Change", kind="number", help="Against the clean videos."),
            Column(title="Videos", kind="number"),
        ],
        rows=[
            clean,
            *(
                Row(
                    cells=[
                        tables.text(one.perturbation),
                        tables.text(one.level),
                        *_figures(one.figure, data.clean),
                    ]
                )
                for one in data.perturbed
            ),
        ],
    )


def _figures(figure: Figure, clean: Figure) -> tuple[Cell, Cell, Cell]:
    change = figure.value - clean.value
    return (
        tables.estimate(Estimate(value=figure.value, lower=figure.lower, upper=figure.upper)),
        Cell(text=f"{change:+.3f}", sort=change),
        tables.number(figure.num_videos),
    )
