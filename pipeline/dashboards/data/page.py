"""The data page: what came in, what was left out, and what the rest looks like to TFDV."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dashboards import sources as outputs
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.data import (
    anomalies,
    distances,
    features,
    files,
    left_out,
    samples,
    splits,
)
from pipeline.dashboards.data.files import Letters
from pipeline.dashboards.data.statistics import BySplit
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import UNDEFINED, Tile
from pipeline.runs import words
from schemas import taxonomy
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

_TRAIN = taxonomy.Split.TRAIN.value


def overview_tiles(
    records: Sequence[VideoRecord],
    tracks: Sequence[TrackRow],
    letters: Sequence[Letters],
    report: Mapping[str, Any] | None,
    refusal: str,
) -> list[Tile]:
    """The figures that the run has so far."""
    found = [*_counts(letters), *(_records(records) if records else [])]
    if records and tracks:
        found.append(_coverage(records, tracks))
    if report or refusal:
        found.append(_gate(report))
    return found


def _counts(letters: Sequence[Letters]) -> list[Tile]:
    if not letters:
        return []
    num_rows, num_left_out = max(one.num_inputs for one in letters), left_out.num_letters(letters)
    share = f"{100 * num_left_out / num_rows:.1f} % of all" if num_rows else ""
    return [
        Tile(label="Videos in the manifest", value=f"{num_rows:,}"),
        Tile(
            label="Left out",
            value=f"{num_left_out:,}",
            note=share if num_left_out else "nothing was rejected",
            tone="warn" if left_out.num_letters(letters, with_erased=False) else "",
        ),
    ]


def _records(records: Sequence[VideoRecord]) -> list[Tile]:
    num_fake = sum(record.is_fake for record in records)
    people = splits.identities(records)
    components = {record.component_id for record in records}
    seconds = sum(record.duration_seconds for record in records)
    return [
        Tile(
            label="Accepted by the validator",
            value=f"{len(records):,}",
            note=f"{num_fake:,} fake, {len(records) - num_fake:,} real",
        ),
        Tile(
            label="Identities",
            value=f"{len(people):,}" if people else UNDEFINED,
            note="" if people else "the manifest names nobody",
        ),
        Tile(
            label="Connected components",
            value=f"{len(components):,}",
            note="bound by people, sources or files",
        ),
        Tile(label="Total duration", value=words.duration(seconds)),
    ]


def _coverage(records: Sequence[VideoRecord], tracks: Sequence[TrackRow]) -> Tile:
    num_usable = len({track.record_key for track in tracks})
    return Tile(
        label="Coverage",
        value=f"{100 * num_usable / len(records):.1f} %",
        note=f"{num_usable:,} of {len(records):,} accepted videos have a usable face track",
    )


def _gate(report: Mapping[str, Any] | None) -> Tile:
    if report and report["passed"]:
        num_rules = len(report["rules"])
        return Tile(
            label="DataGate", value="passed", note=f"all {num_rules} rules hold", tone="good"
        )
    return Tile(label="DataGate", value="refused", note="nothing was trained", tone="bad")


def content(sources: RunSources) -> Content | Absent:
    """What the data page shows; panels of what the run has not made are absent."""
    records, letters = files.records(sources), files.letters(sources)
    if not records and not letters:
        return _absent(sources)
    tracks, report = files.tracks(sources), files.gate_report(sources)
    refusal = left_out.gate_refusal(sources.report)
    values = {
        "tiles": overview_tiles(records, tracks, letters, report, refusal),
        "has_letters": bool(letters),
        "num_rows": max((one.num_inputs for one in letters), default=0),
        "rejected_by_code": left_out.letters_by_code(letters),
        "rejected": left_out.listed_letters(letters),
        "more_rejected": left_out.more_letters(letters),
        "gate": left_out.gate_table(report) if report else None,
        "offences": left_out.gate_offences(report) if report else [],
        "refusal": refusal,
        "splits": splits.table(records, tracks) if records else None,
        "split_charts": _split_charts(records),
        "samples": samples.of_slices(sources),
        **_statistics(sources),
    }
    return Content(template="data.html", values=values)


def _absent(sources: RunSources) -> Absent:
    error = sources.report.error
    if error:
        return Absent(
            reason=f"No video was validated: {error.node or 'the run'} failed. {error.message}",
            advice=error.advice,
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
        "numeric_charts": features.numeric_charts(by_split),
        "category_charts": features.category_charts(by_split),
        "other_features": features.feature_table(by_split),
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
