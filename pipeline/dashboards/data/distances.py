"""How far apart splits and runs are, as TFDV measures it against the bounds of the schema.

TFDV measures the L-infinity distance of categorical features (the greatest difference between the
shares of one value) and the Jensen-Shannon divergence of numeric ones (0 for equal distributions,
1 for disjoint ones), and only where the schema states a bound.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.data import features as data_features
from pipeline.dashboards.data import statistics
from pipeline.dashboards.tables import Column, Row, Table
from schemas import taxonomy

_Measurement = anomalies_pb2.DriftSkewInfo.Measurement
_MEASURES: Final = {
    _Measurement.L_INFTY: "L-infinity",
    _Measurement.JENSEN_SHANNON_DIVERGENCE: "Jensen-Shannon",
    _Measurement.NORMALIZED_ABSOLUTE_DIFFERENCE: "normalised absolute difference",
}
_MARGIN: Final = 1.2  # room for the figures beside the bars
_ROW_PIXELS: Final = 22
_FRAME_PIXELS: Final = 120


@dataclasses.dataclass(frozen=True, kw_only=True)
class Distance:
    """One measured distance.

    Attributes:
      feature: Key of the feature.
      other: Split or run that the training split is compared with.
      measure: Kind of distance.
      value: Measured distance, in [0, 1].
      bound: Greatest value that the schema allows.
    """

    feature: str
    other: str
    measure: str
    value: float
    bound: float

    @property
    def passed(self) -> bool:
        """TFDV's rule: the bound itself is allowed."""
        return self.value <= self.bound


def between_splits(
    splits: Mapping[str, statistics_pb2.DatasetFeatureStatistics],
    schema: schema_pb2.Schema | None,
) -> list[Distance]:
    """The training split against each other one, by the schema's bounds on skew."""
    train = splits.get(taxonomy.Split.TRAIN.value)
    if schema is None or train is None:
        return []
    others = [split for split in splits if split != taxonomy.Split.TRAIN.value]
    return [
        found
        for split in others
        for found in _measured(
            tfdv.validate_statistics(
                _listed(train), schema, serving_statistics=_listed(splits[split])
            ),
            split,
        )
    ]


def between_runs(
    train: statistics_pb2.DatasetFeatureStatistics | None,
    former: statistics_pb2.DatasetFeatureStatistics | None,
    schema: schema_pb2.Schema | None,
    run_id: str,
) -> list[Distance]:
    """This run's training split against that of the run `run_id`, by the bounds on drift."""
    if schema is None or train is None or former is None:
        return []
    found = tfdv.validate_statistics(_listed(train), schema, previous_statistics=_listed(former))
    return list(_measured(found, run_id))


def panel(chart_id: str, title: str, found: Sequence[Distance], heading: str) -> Chart:
    """Bars by feature, one colour for each that is compared, with the bounds marked.

    Args:
      chart_id: Id of the chart, unique on its page.
      title: Title of the chart and of its table.
      found: Distances to show.
      heading: What `Distance.other` is: a split or a run.
    """
    features = sorted({one.feature for one in found}, key=statistics.title_of)
    others = list(dict.fromkeys(one.other for one in found))
    longest = max(max(one.value, one.bound) for one in found)
    return Chart(
        id=chart_id,
        title=title,
        summary="The longer the bar, the more the two differ; the upright mark is the bound.",
        figure=charts.figure(
            [*(_bars(other, found) for other in others), _bounds(found)],
            xaxis=charts.axis("distance", range=[0, _MARGIN * longest]),
            yaxis={
                "type": "category",
                "autorange": "reversed",
                "categoryarray": [statistics.title_of(feature) for feature in features],
                "ticklabelstandoff": 6,
            },
            barmode="group",
        ),
        table=_table(found, title, heading),
        height=_FRAME_PIXELS + _ROW_PIXELS * len(features) * (1 + len(others)),
    )


def _table(found: Sequence[Distance], caption: str, heading: str) -> Table:
    """The distances, those over their bound first."""
    ordered = sorted(found, key=lambda one: (one.passed, statistics.title_of(one.feature)))
    return Table(
        caption=caption,
        columns=[
            Column(title="Feature"),
            Column(title=heading),
            Column(title="Distance", kind="number"),
            Column(title="Bound", kind="number"),
            Column(title="Measured as"),
            Column(title="Outcome"),
        ],
        rows=[_row(one) for one in ordered],
        hides_caption=True,
    )


def _measured(found: anomalies_pb2.Anomalies, other: str) -> Iterator[Distance]:
    for entry in found.drift_skew_info:
        for one in (*entry.skew_measurements, *entry.drift_measurements):
            yield Distance(
                feature=".".join(entry.path.step),
                other=other,
                measure=_MEASURES.get(one.type, _Measurement.Type.Name(one.type)),
                value=one.value,
                bound=one.threshold,
            )


def _listed(
    dataset: statistics_pb2.DatasetFeatureStatistics,
) -> statistics_pb2.DatasetFeatureStatisticsList:
    return statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset])


def _bars(other: str, found: Sequence[Distance]) -> Mapping[str, Any]:
    chosen = [one for one in found if one.other == other]
    return {
        "type": "bar",
        "orientation": "h",
        "name": other,
        "x": [round(one.value, 4) for one in chosen],
        "y": [statistics.title_of(one.feature) for one in chosen],
        "text": [f"{one.value:.2f}" + ("" if one.passed else " over") for one in chosen],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": data_features.COLOURS.get(other, charts.ACCENT)},
        "hovertemplate": f"%{{y}}<br>{other}: %{{x:.3f}}<extra></extra>",
    }


def _bounds(found: Sequence[Distance]) -> Mapping[str, Any]:
    bounds = {one.feature: one.bound for one in found}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "bound",
        "x": list(bounds.values()),
        "y": [statistics.title_of(feature) for feature in bounds],
        "marker": {
            "symbol": "line-ns",
            "size": 34,
            "color": charts.INK,
            "line": {"width": 2, "color": charts.INK},
        },
        "hovertemplate": "%{y}<br>bound %{x}<extra></extra>",
    }


def _row(one: Distance) -> Row:
    outcome = tables.text("within the bound", tone="good")
    return Row(
        cells=[
            tables.Cell(text=statistics.title_of(one.feature), note=one.feature),
            tables.text(one.other),
            tables.number(one.value, 3),
            tables.number(one.bound, 3),
            tables.text(one.measure),
            outcome if one.passed else tables.text("over the bound", tone="bad"),
        ]
    )
