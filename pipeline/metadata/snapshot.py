"""A history in an SQLite file, read at one moment, as far as it is finished."""

import contextlib
import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pipeline.metadata import inspection, references, rewriting

Row = dict[str, Any]
Rows = dict[str, list[Row]]

_TIMES: Final = ("create_time_since_epoch", "last_update_time_since_epoch")
_VALUES: Final = (
    "name",
    "is_custom_property",
    "int_value",
    "double_value",
    "string_value",
    "byte_value",
    "proto_value",
    "bool_value",
)
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "Type": (
        *("id", "name", "version", "type_kind"),
        *("description", "input_type", "output_type", "external_id"),
    ),
    "TypeProperty": ("type_id", "name", "data_type"),
    "ParentType": ("type_id", "parent_type_id"),
    "Context": ("id", "type_id", "name", "external_id", *_TIMES),
    "ContextProperty": ("context_id", *_VALUES),
    "ParentContext": ("context_id", "parent_context_id"),
    "Execution": ("id", "type_id", "last_known_state", "name", "external_id", *_TIMES),
    "ExecutionProperty": ("execution_id", *_VALUES),
    "Artifact": ("id", "type_id", "uri", "state", "name", "external_id", *_TIMES),
    "ArtifactProperty": ("artifact_id", *_VALUES),
    "Event": ("id", "artifact_id", "execution_id", "type", "milliseconds_since_epoch"),
    "EventPath": ("event_id", "is_index_step", "step_index", "step_key"),
    "Association": ("context_id", "execution_id"),
    "Attribution": ("context_id", "artifact_id"),
}
# NEW and RUNNING, as in `metadata_store_pb2.Execution`: what comes of them is not known yet.
_OPEN_STATES: Final = (1, 2)
_MARK: Final = "deepfake-copy:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The rows to copy, with the ids of the file.

    Attributes:
      rows: By table, with the columns of `COLUMNS`, in the order of their ids. Executions and
        artifacts have an `external_id`, by which a later copy finds them again.
      num_open: Executions that were left out because they have not ended.
      max_execution_id: Of the file, with those left out.
    """

    rows: Rows
    num_open: int
    max_execution_id: int


def read(path: pathlib.Path, rewrites: Sequence[rewriting.Rewrite] = ()) -> Snapshot:
    """Reads the finished part of the history in `path`, with its URIs rewritten.

    Raises:
      MetadataError: `metadata_bad_rewrite`: A rewrite fits no URI.
    """
    with contextlib.closing(inspection.open_file(path)) as database:
        database.execute("BEGIN")  # one moment, whatever a run writes meanwhile
        rows = {
            table: [
                dict(zip(columns, values, strict=True))
                for values in database.execute(
                    f"SELECT {', '.join(f'`{column}`' for column in columns)} FROM `{table}`"
                    " ORDER BY rowid"
                )
            ]
            for table, columns in COLUMNS.items()
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
    still_touched = {row["artifact_id"] for row in rows["Event"]}
    gone = touched - still_touched
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


def _rewrite(rows: Rows, rewrites: Sequence[rewriting.Rewrite]) -> None:
    places = [(row, "uri") for row in rows["Artifact"] if row["uri"]] + [
        (row, "string_value")
        for row in rows["ArtifactProperty"]
        if row["name"] in references.URIS and row["string_value"]
    ]
    rewriting.expect_use(rewrites, (row[column] for row, column in places))
    for row, column in places:
        row[column] = rewriting.apply(rewrites, row[column])
