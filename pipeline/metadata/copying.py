"""Copies a developer's history from an SQLite file into the configured server.

`snapshot` reads it, `transfer` writes it; here both meet in one transaction, which ends only when
what was written reads back as it should.
"""

import contextlib
import dataclasses
import hashlib
import pathlib
import time
from collections.abc import Iterable, Iterator, Sequence

import pymysql
from pymysql.constants import ER

from pipeline.config.sections import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import readiness, schema, server, snapshot
from pipeline.metadata.snapshot import TABLES, Rewrite, Row, Snapshot
from pipeline.metadata.transfer import Database, Transfer
from schemas import names
from schemas.errors import MetadataError

_ATTEMPTS = 5
_PAUSE_SECONDS = 0.5
# Another client wrote the same rows at the same time; the transaction was undone.
_COLLISIONS = (ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT, ER.DUP_ENTRY)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CopyReport:
    """What a copy did.

    Attributes:
      added: Rows written, by table.
      already_there: Rows that the target had, by table.
      num_open: Executions left out because they have not ended.
      digest: SHA-256 of the graph as it was read back.
    """

    added: dict[str, int]
    already_there: dict[str, int]
    num_open: int
    digest: str


def copy(config: PipelineConfig, source: pathlib.Path, rewrites: Sequence[str] = ()) -> CopyReport:
    """Adds the finished part of the history in `source` to the store of `config`.

    Everything becomes visible at once, after it was read back and compared; or nothing does. What
    an earlier copy brought is found again, so that a second copy adds only what is new.

    Args:
      config: Configuration whose store is on a server.
      source: SQLite file of ML Metadata; it is only read.
      rewrites: `OLD=NEW` prefixes of artifact URIs, for files that were moved.

    Raises:
      MetadataError: One of the stores cannot be used, or they contradict each other.
    """
    if config.metadata.backend != MYSQL:
        raise MetadataError(
            "metadata_nothing_to_copy",
            "the configured store is itself an SQLite file; give a configuration with"
            " metadata.backend: mysql, or copy the file",
        )
    prepared = _read(source, snapshot.parse_rewrites(rewrites))
    readiness.ensure_ready(config)
    with (
        server.database(config.metadata, raw_text=True) as connection,
        schema.locked(connection, config.metadata),
        _one_transaction(connection),
    ):
        return _until_undisturbed(prepared, Database(connection))


def _read(source: pathlib.Path, rewrites: Sequence[Rewrite]) -> Snapshot:
    path = source.absolute()
    version = schema.of_file(path)
    if isinstance(version, schema.State):
        raise MetadataError(
            "metadata_nothing_to_copy", f"no ML Metadata records in {source}; check --from"
        )
    schema.expect_library_version(version, str(source))
    return snapshot.read(path, rewrites)


@contextlib.contextmanager
def _one_transaction(connection: server.Connection) -> Iterator[None]:
    """Statements commit together inside, and by themselves again outside, as the lock's do."""
    connection.autocommit(False)
    try:
        yield
    finally:
        if connection.open:
            connection.autocommit(True)


def _until_undisturbed(prepared: Snapshot, database: Database) -> CopyReport:
    """Repeats the transaction where another client got in its way."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return _once(prepared, database)
        except (pymysql.err.DataError, pymysql.err.ProgrammingError) as error:
            raise MetadataError(
                "metadata_copy_conflict",
                f"the server cannot hold a value of the file ({error.args[-1]}); nothing was"
                " copied",
            ) from error
        except pymysql.err.MySQLError as error:
            if error.args[0] not in _COLLISIONS:
                raise
            if attempt == _ATTEMPTS:
                raise MetadataError(
                    "metadata_copy_conflict",
                    f"other clients write the same rows ({error.args[-1]}); nothing was copied;"
                    " try again when fewer runs are going on",
                ) from error
            time.sleep(_PAUSE_SECONDS * attempt)


def _once(prepared: Snapshot, database: Database) -> CopyReport:
    try:
        attempt = Transfer(prepared, database)
        attempt.run()
        digest = _verified(prepared, attempt, database)
        database.commit()
    except BaseException:
        database.rollback()
        raise
    added = {table: len(attempt.added[table]) for table in TABLES}
    there = {table: len(rows) - added[table] for table, rows in prepared.rows.items()}
    return CopyReport(added=added, already_there=there, num_open=prepared.num_open, digest=digest)


def _verified(prepared: Snapshot, attempt: Transfer, database: Database) -> str:
    """Reads the copy back and compares it with the snapshot, under the snapshot's ids.

    Of the tables that several runs share every row must be there, whoever wrote it; of the others
    those that this copy wrote, and no more.

    Returns:
      SHA-256 of the graph, in the snapshot's own ids.

    Raises:
      MetadataError: `metadata_copy_not_verified`: They differ; it names the first table where
        they do.
    """
    digest = hashlib.sha256()
    for table in TABLES:
        expected = _lines(_expected(prepared, attempt, table))
        found = set(_lines(_found(attempt, database, table)))
        missing = [line for line in expected if line not in found]
        surplus = 0 if TABLES[table].is_shared else len(found) - len(set(expected))
        if missing or surplus:
            raise MetadataError(
                "metadata_copy_not_verified",
                f"{table}: {len(missing)} of {len(expected)} rows read back differently, {surplus}"
                " too many; nothing was copied; please report it",
            )
        digest.update("\n".join([table, *expected]).encode())
    return digest.hexdigest()


def _expected(prepared: Snapshot, attempt: Transfer, name: str) -> Iterator[Row]:
    table = TABLES[name]
    added = attempt.added[table.refers.get(table.owner, name)]
    for row in prepared.rows[name]:
        if table.is_shared or row[table.owner] in added:
            yield row


def _found(attempt: Transfer, database: Database, name: str) -> Iterator[Row]:
    table = TABLES[name]
    owner = table.refers.get(table.owner, name)
    numbered = dict(table.refers) | ({"id": name} if "id" in table.columns else {})
    own_ids = {
        other: {there: own for own, there in attempt.ids[other].items()}
        for other in numbered.values()
    }
    owned = attempt.ids[owner] if table.is_shared else attempt.added[owner]
    wanted = [attempt.ids[owner][identity] for identity in owned]
    for row in database.select(name, table.owner, wanted):
        for column, other in numbered.items():
            row[column] = own_ids[other].get(row[column])
        if name == "ArtifactProperty" and row["name"] in names.ARTIFACT_ID_PROPERTIES:
            row["int_value"] = own_ids["Artifact"].get(row["int_value"])
        yield row


def _lines(rows: Iterable[Row]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)
