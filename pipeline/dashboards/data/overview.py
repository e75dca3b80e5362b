"""The figures that open the data page."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards.data import rejected, splits
from pipeline.dashboards.data.files import Letters
from pipeline.dashboards.tables import UNDEFINED, Tile
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

_SECONDS_IN_MINUTE: Final = 60
_SECONDS_IN_HOUR: Final = 3600


def tiles(
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


def duration(seconds: float) -> str:
    """Hours and minutes; minutes and seconds below an hour."""
    if seconds < _SECONDS_IN_HOUR:
        return f"{seconds // _SECONDS_IN_MINUTE:.0f} min {seconds % _SECONDS_IN_MINUTE:.0f} s"
    minutes = seconds % _SECONDS_IN_HOUR // _SECONDS_IN_MINUTE
    return f"{seconds // _SECONDS_IN_HOUR:,.0f} h {minutes:.0f} min"


def _counts(letters: Sequence[Letters]) -> list[Tile]:
    if not letters:
        return []
    num_rows, num_left_out = max(one.num_inputs for one in letters), rejected.num_letters(letters)
    share = f"{100 * num_left_out / num_rows:.1f} % of all" if num_rows else ""
    return [
        Tile(label="Videos in the manifest", value=f"{num_rows:,}"),
        Tile(
            label="Left out",
            value=f"{num_left_out:,}",
            note=share if num_left_out else "nothing was rejected",
            tone="warn" if rejected.num_letters(letters, with_erased=False) else "",
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
        Tile(label="Total duration", value=duration(seconds)),
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
