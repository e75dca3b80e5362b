"""The manifest file: its columns, reading it as rows of text, and writing it.

What the texts of a row mean, VideoValidator decides.
"""

import csv
import dataclasses
import difflib
import io
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from schemas import features, taxonomy
from schemas.errors import ManifestError
from schemas.video_record import VideoRecord

LABEL: Final = "label"
SHA256: Final = "sha256"  # optional: what the file's digest must be
# In the order in which they are written. All but the label are fields of `VideoRecord`; a field
# that is not named here is none that a manifest may state.
COLUMNS: Final = (
    "video_id",
    "path",
    LABEL,
    features.MANIPULATION_METHOD,
    features.MANIPULATION_TYPE,
    "dataset",
    "target_identity",
    "source_identity",
    "source_video",
    features.CONTEXT,
    features.COMPRESSION_LEVEL,
    "generator",
    "licence",
)
RECORD_COLUMNS: Final = tuple(name for name in COLUMNS if name != LABEL)
REQUIRED_COLUMNS: Final = ("video_id", "path", LABEL)
_KNOWN: Final = frozenset((*COLUMNS, SHA256))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One row as the file has it.

    Attributes:
      number: 1 for the first row of data.
      values: Text by column without surrounding spaces; known columns that are not empty.
      problem: Why the row could not be read; empty for a readable row.
    """

    number: int
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    problem: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """The content of a manifest file.

    Attributes:
      rows: Rows in the order of the file.
      unknown_columns: Columns that mean nothing here; they are ignored.
    """

    rows: tuple[Row, ...]
    unknown_columns: tuple[str, ...]


def resolve(written: str, manifest_path: str, videos_root: str) -> str:
    """Absolute form of a path that the manifest gives relative to the videos root.

    An empty `videos_root` means the folder of the manifest.
    """
    root = videos_root or pathlib.Path(manifest_path).parent
    return str(pathlib.Path(root, written).absolute())


def read(path: str) -> Manifest:
    """Reads a `.csv` (UTF-8, a byte order mark is allowed) or `.jsonl` file.

    Raises:
      ManifestError: `manifest_unreadable`: Not a file, not UTF-8, not CSV, or of another kind.
      ManifestError: `manifest_column_missing`: A required column is missing; the message names
        the nearest one.
    """
    suffix = pathlib.Path(path).suffix.lower()
    readers = {".csv": _read_csv, ".jsonl": _read_jsonl}
    if suffix not in readers:
        raise ManifestError(
            "manifest_unreadable",
            f"manifest {path} must end in .csv or .jsonl, got {suffix!r}: convert or rename it",
        )
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            columns, rows = readers[suffix](file)
    except OSError as error:
        raise ManifestError(
            "manifest_unreadable",
            f"cannot read manifest {path}: {error.strerror or error}; check the path",
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(
            "manifest_unreadable",
            f"manifest {path} is not UTF-8 {suffix[1:]}: {error}; save it again as UTF-8",
        ) from error
    unknown = tuple(name for name in columns if name not in _KNOWN)
    _check_required(path, columns, unknown)
    return Manifest(rows=tuple(rows), unknown_columns=unknown)


def to_csv(records: Iterable[VideoRecord]) -> str:
    """A manifest of the records, as the text of a CSV file that `read` takes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for record in records:
        label = taxonomy.FAKE if record.is_fake else taxonomy.REAL
        writer.writerow({**dataclasses.asdict(record), LABEL: label})
    return text.getvalue()


def _read_csv(lines: Iterable[str]) -> tuple[list[str], list[Row]]:
    reader = csv.reader(lines, strict=True)
    header = [name.strip() for name in next(reader, [])]
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise csv.Error(f"column {', '.join(map(repr, repeated))} appears more than once")
    cells_by_row = (cells for cells in reader if cells)
    return header, [_csv_row(n, header, cells) for n, cells in enumerate(cells_by_row, start=1)]


def _csv_row(number: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        problem = f"{len(cells)} cells where the header has {len(header)}: check commas and quotes"
        return Row(number=number, problem=problem)
    return Row(number=number, values=_known(zip(header, cells, strict=True)))


def _read_jsonl(lines: Iterable[str]) -> tuple[list[str], list[Row]]:
    columns: dict[str, None] = {}
    rows = []
    for number, line in enumerate((line for line in lines if line.strip()), start=1):
        try:
            values = json.loads(line)
        except json.JSONDecodeError as error:
            rows.append(Row(number=number, problem=f"not JSON ({error}): write one object a line"))
            continue
        if not isinstance(values, dict):
            rows.append(Row(number=number, problem=f"not a JSON object: {line.strip()[:80]}"))
            continue
        columns.update(dict.fromkeys(values))
        rows.append(_jsonl_row(number, values))
    return list(columns), rows


def _jsonl_row(number: int, values: dict[str, object]) -> Row:
    texts = {}
    for name, value in values.items():
        if name not in _KNOWN or value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            problem = f"{name} must be text, a number or null, got {json.dumps(value)[:80]}"
            return Row(number=number, problem=problem)
        texts[name] = str(value)
    return Row(number=number, values=_known(texts.items()))


def _known(cells: Iterable[tuple[str, str]]) -> dict[str, str]:
    stripped = ((name, text.strip()) for name, text in cells)
    return {name: text for name, text in stripped if name in _KNOWN and text}


def _check_required(path: str, columns: Sequence[str], unknown: Sequence[str]) -> None:
    hints = []
    for name in REQUIRED_COLUMNS:
        near = difflib.get_close_matches(name, [other.lower() for other in unknown], n=1)
        if name not in columns:
            hints.append(f"{name} (is {near[0]!r} meant to be it?)" if near else name)
    if hints:
        raise ManifestError(
            "manifest_column_missing",
            f"manifest {path} has no column {', '.join(hints)}; it has "
            f"{', '.join(columns) or 'none'}. Required are {', '.join(REQUIRED_COLUMNS)}",
        )
