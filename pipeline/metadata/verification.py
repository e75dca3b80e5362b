"""Reads a copy back and compares it with the snapshot, under the snapshot's ids."""

import hashlib
from collections.abc import Iterable, Iterator

from pipeline.metadata import references
from pipeline.metadata.database import Database
from pipeline.metadata.snapshot import Row, Snapshot
from pipeline.metadata.transfer import KEYS, REFERENCES, Transfer
from schemas.errors import MetadataError

# Rows of these are compared whole, where the copy wrote them.
_WHOLE = (
    *("Type", "Context", "Execution", "Artifact", "Event"),
    *("ContextProperty", "ExecutionProperty", "ArtifactProperty", "EventPath"),
)
# Of these every row must be there, whoever wrote it.
_SHARED = ("TypeProperty", "ParentType", "ParentContext", "Association", "Attribution")


def verify(snapshot: Snapshot, transfer: Transfer, database: Database) -> str:
    """Compares what the target holds with what it should.

    Returns:
      SHA-256 of the graph, in the snapshot's own ids.

    Raises:
      MetadataError: `metadata_copy_not_verified`: They differ; it names the first table where
        they do.
    """
    digest = hashlib.sha256()
    for table in (*_WHOLE, *_SHARED):
        expected = _lines(_expected(snapshot, transfer, table))
        found = set(_lines(_found(transfer, database, table)))
        missing = [line for line in expected if line not in found]
        surplus = len(found) - len(set(expected)) if table in _WHOLE else 0
        if missing or surplus:
            raise MetadataError(
                "metadata_copy_not_verified",
                f"{table}: {len(missing)} of {len(expected)} rows read back differently, {surplus}"
                " too many; nothing was copied; please report it",
            )
        digest.update("\n".join([table, *expected]).encode())
    return digest.hexdigest()


def _owner(table: str) -> tuple[str, str]:
    """Column and table of the rows that decide which rows of `table` the copy wrote."""
    if table not in KEYS and table not in ("Event", "EventPath"):
        return "id", table
    if table == "Event":
        return "execution_id", "Execution"
    return next(iter(REFERENCES[table].items()))


def _expected(snapshot: Snapshot, transfer: Transfer, table: str) -> Iterator[Row]:
    column, owner = _owner(table)
    for row in snapshot.rows[table]:
        if table in _SHARED or row[column] in transfer.added[owner]:
            yield row


def _found(transfer: Transfer, database: Database, table: str) -> Iterator[Row]:
    column, owner = _owner(table)
    every = {name: _inverse(transfer.ids[name]) for name in set(REFERENCES[table].values())}
    every[table] = _inverse(transfer.ids.get(table, {}))
    owned = transfer.ids[owner] if table in _SHARED else transfer.added[owner]
    wanted = [transfer.ids[owner][identity] for identity in owned]
    for row in database.select(table, column, wanted):
        for name, referred in REFERENCES[table].items():
            row[name] = every[referred].get(row[name])
        if "id" in row:
            row["id"] = every[table].get(row["id"])
        if table == "ArtifactProperty" and row["name"] in references.ARTIFACT_IDS:
            row["int_value"] = _inverse(transfer.ids["Artifact"]).get(row["int_value"])
        yield row


def _inverse(ids: dict[int, int]) -> dict[int, int]:
    return {there: own for own, there in ids.items()}


def _lines(rows: Iterable[Row]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)
