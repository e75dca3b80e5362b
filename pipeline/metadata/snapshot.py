"""A history in an SQLite file, read at one moment, as far as it is finished, for another store.

What is read is what is to be written: without executions that have not ended, with marks by which
a later copy finds the rows again, and with the URIs of folders that moved.
"""

import contextlib
import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pipeline.metadata import schema
from schemas import names
from schemas.errors import MetadataError

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """What a copy knows of one table of ML Metadata.

    Attributes:
      columns: Names of the columns, in the order in which they are read.
      refers: Columns that hold ids, and the table whose ids these are.
      owner: Column that says whose row it is: an id of a table of `refers`, or its own.
      key: Columns that tell two rows of one owner apart; empty where rows have ids, or come and go
        with their owner.
      is_shared: Whether a row counts as copied if it is there, whoever wrote it.
    """

    columns: tuple[str, ...]
    refers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    owner: str = "id"
    key: tuple[str, ...] = ()
    is_shared: bool = False


_TIMES: Final = ("create_time_since_epoch", "last_update_time_since_epoch")


def _properties(kind: str) -> Table:
    """The table of the properties of executions, artifacts or contexts."""
    owner = f"{kind.lower()}_id"
    key = (owner, "name", "is_custom_property")
    values = ("int_value", "double_value", "string_value", "byte_value", "proto_value")
    return Table(columns=(*key, *values, "bool_value"), refers={owner: kind}, owner=owner, key=key)


def _pairs(**refers: str) -> Table:
    """A table that connects rows of two others."""
    columns = tuple(refers)
    return Table(columns=columns, refers=refers, owner=columns[0], key=columns, is_shared=True)


# Every table but MLMDEnv, which holds the version.
TABLES: Final[Mapping[str, Table]] = {
    "Type": Table(
        columns=(
            *("id", "name", "version", "type_kind"),
            *("description", "input_type", "output_type", "external_id"),
        )
    ),
    "Context": Table(
        columns=("id", "type_id", "name", "external_id", *_TIMES), refers={"type_id": "Type"}
    ),
    "Execution": Table(
        columns=("id", "type_id", "last_known_state", "name", "external_id", *_TIMES),
        refers={"type_id": "Type"},
    ),
    "Artifact": Table(
        columns=("id", "type_id", "uri", "state", "name", "external_id", *_TIMES),
        refers={"type_id": "Type"},
    ),
    "Event": Table(
        columns=("id", "artifact_id", "execution_id", "type", "milliseconds_since_epoch"),
        refers={"artifact_id": "Artifact", "execution_id": "Execution"},
        owner="execution_id",
    ),
    "ContextProperty": _properties("Context"),
    "ExecutionProperty": _properties("Execution"),
    "ArtifactProperty": _properties("Artifact"),
    "EventPath": Table(
        columns=("event_id", "is_index_step", "step_index", "step_key"),
        refers={"event_id": "Event"},
        owner="event_id",
    ),
    "TypeProperty": Table(
        columns=("type_id", "name", "data_type"),
        refers={"type_id": "Type"},
        owner="type_id",
        key=("type_id", "name"),
        is_shared=True,
    ),
    "ParentType": _pairs(type_id="Type", parent_type_id="Type"),
    "ParentContext": _pairs(context_id="Context", parent_context_id="Context"),
    "Association": _pairs(context_id="Context", execution_id="Execution"),
    "Attribution": _pairs(context_id="Context", artifact_id="Artifact"),
}
# NEW and RUNNING, as in `metadata_store_pb2.Execution`: what comes of them is not known yet.
_OPEN_STATES: Final = (1, 2)
_MARK: Final = "deepfake-copy:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The rows to copy, with the ids of the file.

    Attributes:
      rows: Rows by table, with the columns of `TABLES`, in the order of their ids. Executions and
        artifacts have an `external_id`, by which a later copy finds them again.
      num_open: Executions that were left out because they have not ended.
      max_execution_id: Highest id of an execution in the file, those left out included.
    """

    rows: Rows
    num_open: int
    max_execution_id: int


@dataclasses.dataclass(frozen=True)
class Rewrite:
    """One prefix of URIs and what takes its place, both without a slash at the end."""

    old: str
    new: str

    def fits(self, uri: str) -> bool:
        """Whether `uri` is `old` or lies below it."""
        return uri == self.old or uri.startswith(f"{self.old}/")


def parse_rewrites(texts: Sequence[str]) -> tuple[Rewrite, ...]:
    """Rewrites from `OLD=NEW` texts; the longest prefix comes first.

    Raises:
      MetadataError: `metadata_bad_rewrite`: A text is no `OLD=NEW`.
    """
    rewrites = []
    for text in texts:
        old, equals, new = text.partition("=")
        if not equals or not old.rstrip("/") or not new.rstrip("/"):
            raise MetadataError("metadata_bad_rewrite", f"--rewrite wants OLD=NEW, got {text!r}")
        rewrites.append(Rewrite(old.rstrip("/"), new.rstrip("/")))
    return tuple(sorted(rewrites, key=lambda rewrite: len(rewrite.old), reverse=True))


def rewritten(rewrites: Sequence[Rewrite], uri: str) -> str:
    """`uri` with the first prefix that fits replaced."""
    for rewrite in rewrites:
        if rewrite.fits(uri):
            return rewrite.new + uri.removeprefix(rewrite.old)
    return uri


def read(path: pathlib.Path, rewrites: Sequence[Rewrite] = ()) -> Snapshot:
    """Reads the finished part of the history in `path`, with its URIs rewritten.

    Raises:
      MetadataError: `metadata_bad_rewrite`: A rewrite fits no URI.
    """
    with contextlib.closing(schema.open_file(path)) as database:
        database.execute("BEGIN")  # one moment, whatever a run writes meanwhile
        rows = {
            name: [
                dict(zip(table.columns, values, strict=True))
                for values in database.execute(
                    f"SELECT {', '.join(f'`{column}`' for column in table.columns)} FROM `{name}`"
                    " ORDER BY rowid"
                )
            ]
            for name, table in TABLES.items()
        }
    highest = max((row["id"] for row in rows["Execution"]), default=0)
    still_open = {row["id"] for row in rows["Execution"] if row["last_known_state"] in _OPEN_STATES}
    _leave_out(rows, still_open)
    _mark(rows)
    _rewrite(rows, rewrites)
    return Snapshot(rows=rows, num_open=len(still_open), max_execution_id=highest)


def _leave_out(rows: Rows, executions: set[int]) -> None:
    """Removes `executions`, the artifacts that only they touched, and what hangs on either."""
    touched = {row["artifact_id"] for row in rows["Event"]}
    _keep(rows, "Execution", "id", lambda identity: identity not in executions)
    for table in ("ExecutionProperty", "Event", "Association"):
        _keep(rows, table, "execution_id", lambda identity: identity not in executions)
    gone = touched - {row["artifact_id"] for row in rows["Event"]}
    _keep(rows, "Artifact", "id", lambda identity: identity not in gone)
    for table in ("ArtifactProperty", "Attribution"):
        _keep(rows, table, "artifact_id", lambda identity: identity not in gone)
    events = {row["id"] for row in rows["Event"]}
    _keep(rows, "EventPath", "event_id", lambda identity: identity in events)


def _keep(rows: Rows, table: str, column: str, wanted: Callable[[int], bool]) -> None:
    rows[table] = [row for row in rows[table] if wanted(row[column])]


def _mark(rows: Rows) -> None:
    """Gives executions and artifacts an `external_id` that depends on nothing that changes."""
    types = {row["id"]: row["name"] for row in rows["Type"]}
    for table in ("Execution", "Artifact"):
        for row in rows[table]:
            origin = (
                table,
                row["id"],
                types[row["type_id"]],
                row["name"],
                row.get("uri"),
                row["create_time_since_epoch"],
            )
            digest = hashlib.sha256(repr(origin).encode()).hexdigest()
            row["external_id"] = row["external_id"] or f"{_MARK}{digest}"


def _rewrite(rows: Rows, rewrites: Sequence[Rewrite]) -> None:
    places = [(row, "uri") for row in rows["Artifact"] if row["uri"]] + [
        (row, "string_value")
        for row in rows["ArtifactProperty"]
        if row["name"] in names.ARTIFACT_URI_PROPERTIES and row["string_value"]
    ]
    _expect_use(rewrites, {row[column] for row, column in places})
    for row, column in places:
        row[column] = rewritten(rewrites, row[column])


def _expect_use(rewrites: Sequence[Rewrite], uris: Iterable[str]) -> None:
    """Refuses a prefix that no URI has: it is misspelt."""
    known = sorted(uris)
    for rewrite in rewrites:
        if known and not any(map(rewrite.fits, known)):
            raise MetadataError(
                "metadata_bad_rewrite",
                f"no artifact lies below {rewrite.old}; they are like {known[0]}",
            )
