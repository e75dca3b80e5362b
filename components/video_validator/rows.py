"""Rows of the manifest to candidates, or to dead letters where a row contradicts something."""

import dataclasses
import difflib
import pathlib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from schemas import features, manifest, taxonomy
from schemas.dead_letter import ERASED, DeadLetter
from schemas.erased import ErasedKeys
from schemas.video_record import VideoRecord


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
    """A video whose row is valid and whose file is there.

    Attributes:
      record: With an absolute path; probing adds the facts of the file.
      row: Number of the manifest row.
      written_path: Path of the video as the manifest has it.
      sha256: Digest that the manifest promises, in lower case; empty if it promises none.
    """

    record: VideoRecord
    row: int
    written_path: str
    sha256: str = ""

    def reject(self, code: str, message: str) -> DeadLetter:
        """The dead letter that says why this video is left out."""
        return DeadLetter(
            record_key=self.record.key,
            code=code,
            message=message,
            path=self.written_path,
            is_fake=self.record.is_fake,
            dataset=self.record.dataset,
            manipulation_method=self.record.manipulation_method,
        )


class _InvalidRowError(ValueError):
    """The row contradicts the schema."""


def validate(
    rows: Iterable[manifest.Row],
    resolve: Callable[[str], str],
    erased_keys: ErasedKeys | None = None,
) -> tuple[list[Candidate], list[DeadLetter]]:
    """Turns rows into candidates and dead letters; each row ends in exactly one of the two.

    Args:
      rows: In file order: of several rows with one key the first stays.
      resolve: Gives the absolute form of a path of the manifest.
      erased_keys: Videos and people that are kept out.

    Returns:
      Candidates in row order; letters with the codes `invalid_row`, `erased`, `duplicate_key`,
      `label_conflict` and `missing_file`.
    """
    candidates, letters = [], []
    first_row: dict[str, int] = {}
    for row in rows:
        try:
            candidate = _candidate(row, resolve)
        except _InvalidRowError as error:
            letters.append(_invalid(row, str(error)))
            continue
        if erased_keys is not None and erased_keys.covers(candidate.record):
            letters.append(_erased(row))
            continue
        first = first_row.setdefault(candidate.record.key, row.number)
        letter = _letter(candidate, first)
        if letter:
            letters.append(letter)
        else:
            candidates.append(candidate)
    return candidates, letters


def _candidate(row: manifest.Row, resolve: Callable[[str], str]) -> Candidate:
    if row.problem:
        raise _InvalidRowError(row.problem)
    for name in manifest.REQUIRED_COLUMNS:
        if name not in row.values:
            raise _InvalidRowError(f"{name} is empty: every row needs one")
    for name, text in row.values.items():
        if any(unicodedata.category(char) == "Cc" for char in text):
            raise _InvalidRowError(f"{name} holds a control character: {text!r}")
    label = _choice(manifest.LABEL, row.values[manifest.LABEL].lower(), taxonomy.LABELS)
    values = _stated(row.values) | {"path": resolve(row.values["path"])}
    record = VideoRecord(is_fake=label == taxonomy.FAKE, **values)
    _choice(features.MANIPULATION_TYPE, record.manipulation_type, taxonomy.MANIPULATION_TYPES)
    _choice(features.CONTEXT, record.context, taxonomy.CONTEXTS)
    sha256 = row.values.get(manifest.SHA256, "").lower()
    return Candidate(record=record, row=row.number, written_path=row.values["path"], sha256=sha256)


def _stated(values: Mapping[str, str]) -> dict[str, Any]:
    """Record fields that the row states: `unknown` is as good as empty, except in an id."""
    stated: dict[str, Any] = {
        name: values[name]
        for name in manifest.RECORD_COLUMNS
        if name in values and values[name].lower() != taxonomy.UNKNOWN
    }
    if values[manifest.LABEL].lower() == taxonomy.FAKE:  # the record's defaults are pristine
        stated.setdefault(features.MANIPULATION_METHOD, taxonomy.UNKNOWN)
        stated.setdefault(features.MANIPULATION_TYPE, taxonomy.UNKNOWN)
    return stated | {"video_id": values["video_id"]}


def _choice(column: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        near = difflib.get_close_matches(value, choices, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise _InvalidRowError(f"{column} must be one of {', '.join(choices)}, got {value!r}{hint}")
    return value


def _letter(candidate: Candidate, first_row: int) -> DeadLetter | None:
    record = candidate.record
    if first_row != candidate.row:
        message = f"row {candidate.row} has the key of row {first_row}: make video_id unique"
        return candidate.reject("duplicate_key", message)
    pristine = (
        record.manipulation_method == taxonomy.PRISTINE_METHOD,
        record.manipulation_type == taxonomy.PRISTINE_TYPE,
    )
    if any(is_pristine == record.is_fake for is_pristine in pristine):
        label = taxonomy.FAKE if record.is_fake else taxonomy.REAL
        message = (
            f"row {candidate.row} is labelled {label}, but its manipulation method is "
            f"{record.manipulation_method!r} and its type {record.manipulation_type!r}: real "
            f"videos have {taxonomy.PRISTINE_METHOD!r} and {taxonomy.PRISTINE_TYPE!r}, or nothing"
        )
        return candidate.reject("label_conflict", message)
    if not pathlib.Path(record.path).is_file():
        message = f"no file at {record.path}: check the column path and the videos root"
        return candidate.reject("missing_file", message)
    return None


def _erased(row: manifest.Row) -> DeadLetter:
    """Says which row it is and nothing of what it names: the letter stays, the name must not."""
    message = f"row {row.number}: the video, or a person in it, was erased: remove the row"
    return DeadLetter(record_key=f"row {row.number}", code=ERASED, message=message)


def _invalid(row: manifest.Row, problem: str) -> DeadLetter:
    return DeadLetter(
        record_key=f"row {row.number}",
        code="invalid_row",
        message=f"row {row.number}: {problem}",
        path=row.values.get("path", ""),
        dataset=row.values.get("dataset", ""),
        manipulation_method=row.values.get(features.MANIPULATION_METHOD, ""),
    )


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
