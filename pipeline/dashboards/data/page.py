"""The data page: what came in, what was left out, and what the rest looks like to TFDV."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dashboards import sources as outputs
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.data import (
    anomalies,
    category_charts,
    distances,
    feature_table,
    files,
    gate,
    numeric_charts,
    overview,
    rejected,
    samples,
    splits,
)
from pipeline.dashboards.data.statistics import BySplit
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.sources import RunSources
from schemas import taxonomy
from schemas.video_record import VideoRecord

_TRAIN = taxonomy.Split.TRAIN.value


def content(sources: RunSources) -> Content | Absent:
    """What the data page shows; panels of what the run has not made are absent."""
    records, letters = files.records(sources), files.letters(sources)
    if not records and not letters:
        return _absent(sources)
    tracks, report = files.tracks(sources), files.gate_report(sources)
    refusal = gate.refusal(sources.summary)
    values = {
        "tiles": overview.tiles(records, tracks, letters, report, refusal),
        "has_letters": bool(letters),
        "num_rows": max((one.num_inputs for one in letters), default=0),
        "rejected_by_code": rejected.by_code(letters),
        "rejected": rejected.listed(letters),
        "more_rejected": rejected.more(letters),
        "gate": gate.table(report) if report else None,
        "offences": gate.offences(report) if report else [],
        "refusal": refusal,
        "splits": splits.table(records, tracks) if records else None,
        "split_charts": _split_charts(records),
        "samples": samples.of_slices(sources),
        **_statistics(sources),
    }
    return Content(template="data.html", values=values)


def _absent(sources: RunSources) -> Absent:
    error = sources.summary["error"]
    if error:
        return Absent(
            reason=f"No video was validated: {error['node'] or 'the run'} failed."
            f" {error['message']}",
            advice=error["advice"],
        )
    return Absent(
        reason="This run has not validated any video yet, or its files are gone.",
        advice="Once VideoValidator has ended, this page shows what came in.",
    )


def _split_charts(records: Sequence[VideoRecord]) -> list[Chart]:
    if not records:
        return []
    drawn = (splits.by_class(records), splits.by_method(records), splits.by_dataset(records))
    return [chart for chart in drawn if chart]


def _statistics(sources: RunSources) -> Mapping[str, Any]:
    """Panels of what StatisticsGen and ExampleValidator wrote."""
    by_split = files.statistics(sources.files(outputs.STATISTICS))
    found = files.anomalies(sources)
    return {
        "numeric_charts": numeric_charts.numeric_charts(by_split),
        "category_charts": category_charts.category_charts(by_split),
        "other_features": feature_table.table(by_split),
        "track_counts": {split: dataset.num_examples for split, dataset in by_split.items()},
        "anomalies": anomalies.table(found),
        "no_anomalies": anomalies.calm_sentence(found) if found else "",
        **_distances(sources, by_split),
    }


def _distances(sources: RunSources, by_split: BySplit) -> Mapping[str, Any]:
    schema, former = files.schema(sources), sources.former_statistics
    between_splits = distances.between_splits(by_split, schema)
    panels: dict[str, Any] = {"skew": None, "drift": None, "former_run": ""}
    if between_splits:
        panels["skew"] = distances.panel(
            "skew", "Other splits against train", between_splits, "Split"
        )
    if former is None:
        return panels
    before = files.statistics(outputs.folder_of(former.artifact)).get(_TRAIN)
    between_runs = distances.between_runs(by_split.get(_TRAIN), before, schema, former.run_id)
    if between_runs:
        panels["former_run"] = former.run_id
        panels["drift"] = distances.panel(
            "drift", "Train of this run against train of the earlier one", between_runs, "Run"
        )
    return panels
