"""Files that the manifest names more than once, found by their digests."""

import dataclasses

from components.video_validator.rows import Candidate
from schemas.dead_letter import DeadLetter


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sifted:
    """Probed videos, each in exactly one of `kept`, `copies` and the conflicts among `letters`.

    Attributes:
      kept: One video per file content, in row order.
      copies: Further rows with a kept video's bytes; their identities still bind it.
      letters: `exact_duplicate` for each copy; `label_conflict` for each row of a file that
        appears under both labels.
    """

    kept: list[Candidate]
    copies: list[Candidate]
    letters: list[DeadLetter]


def sift(candidates: list[Candidate]) -> Sifted:
    """Separates probed videos from copies of them: of one file, the first row stays."""
    sifted = Sifted(kept=[], copies=[], letters=[])
    groups: dict[str, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.row):
        groups.setdefault(candidate.record.digest, []).append(candidate)
    for group in groups.values():
        if len({candidate.record.is_fake for candidate in group}) > 1:
            sifted.letters.extend(_conflicts(group))
            continue
        first, *others = group
        sifted.kept.append(first)
        sifted.copies.extend(others)
        message = f"same bytes as {first.record.key} (row {first.row}): remove one of the rows"
        sifted.letters.extend(copy.reject("exact_duplicate", message) for copy in others)
    return sifted


def _conflicts(group: list[Candidate]) -> list[DeadLetter]:
    keys = ", ".join(f"{candidate.record.key} (row {candidate.row})" for candidate in group)
    message = f"one file labelled both real and fake: {keys}; correct the labels"
    return [candidate.reject("label_conflict", message) for candidate in group]
