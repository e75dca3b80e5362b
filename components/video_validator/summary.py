"""What was accepted and what was not, for people: splits.json and the text of messages."""

import collections
from collections.abc import Iterable, Sequence
from typing import Any

from schemas import taxonomy
from schemas.dead_letter import DeadLetter
from schemas.video_record import VideoRecord

_SHOWN = 10


def of(records: Sequence[VideoRecord]) -> dict[str, Any]:
    """Counts per split, and warnings about what the manifest left open.

    Returns:
      `splits`: by split, the number of `videos`, `components` and `identities`, and of videos
      `by_class` and `by_method`; `warnings`: sentences.
    """
    by_split: dict[str, list[VideoRecord]] = {split: [] for split in taxonomy.SPLITS}
    for record in records:
        by_split[record.split].append(record)
    return {
        "splits": {split: _counts(chosen) for split, chosen in by_split.items()},
        "warnings": _warnings(by_split),
    }


def of_letters(letters: Sequence[DeadLetter], *, num_rows: int) -> str:
    """One line: rows left out by code, then the first of them with their messages."""
    by_code = collections.Counter(letter.code for letter in letters)
    counts = ", ".join(f"{code} {count}" for code, count in sorted(by_code.items())) or "none"
    shown = "; ".join(f"{x.record_key}: {x.code}, {x.message}" for x in letters[:_SHOWN])
    return f"{len(letters)} of {num_rows} rows left out ({counts})" + (shown and f": {shown}")


def identities(records: Iterable[VideoRecord]) -> set[str]:
    """All people that the videos name."""
    return {name for record in records for name in record.identities}


def _counts(records: list[VideoRecord]) -> dict[str, Any]:
    labels = [taxonomy.FAKE if record.is_fake else taxonomy.REAL for record in records]
    methods = collections.Counter(record.manipulation_method for record in records)
    return {
        "videos": len(records),
        "by_class": {label: labels.count(label) for label in taxonomy.LABELS},
        "by_method": dict(sorted(methods.items())),
        "components": len({record.component_id for record in records}),
        "identities": len(identities(records)),
    }


def _warnings(by_split: dict[str, list[VideoRecord]]) -> list[str]:
    records = [record for chosen in by_split.values() for record in chosen]
    warnings = []
    nameless = sum(not record.target_identity for record in records)
    if nameless:
        warnings.append(
            f"{nameless} of {len(records)} videos name no target identity: each counts as a "
            "person of its own, so one person may be in two splits unnoticed"
        )
    for method in sorted({record.manipulation_method for record in records}):
        absent = [
            split
            for split, chosen in by_split.items()
            if all(record.manipulation_method != method for record in chosen)
        ]
        if absent:
            warnings.append(f"manipulation method {method} is not in {', '.join(absent)}")
    return warnings
