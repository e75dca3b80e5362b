"""Copies a developer's history from an SQLite file into the configured server."""

import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Sequence

import pymysql
from pymysql.constants import ER

from pipeline.config.sections import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import (
    readiness,
    rewriting,
    schema,
    server,
    snapshot,
    transfer,
    verification,
)
from pipeline.metadata.database import Database
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
      config: Its store must be on a server.
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
    prepared = _read(source, rewriting.parse(rewrites))
    readiness.ensure_ready(config)
    username = server.read_account(config.metadata).username
    with contextlib.closing(server.connect(config.metadata, raw_text=True)) as connection:
        server.choose_database(connection, config.metadata, username)
        with schema.locked(connection, config.metadata):
            connection.autocommit(False)
            try:
                return _until_undisturbed(prepared, connection)
            except pymysql.err.OperationalError as error:
                server.raise_cause(config.metadata, username, error)
            finally:
                _leave(connection)


def _read(source: pathlib.Path, rewrites: Sequence[rewriting.Rewrite]) -> snapshot.Snapshot:
    path = source.absolute()
    version = schema.of_file(path)
    if isinstance(version, schema.State):
        raise MetadataError(
            "metadata_nothing_to_copy", f"no ML Metadata records in {source}; check --from"
        )
    readiness.expect_library_version(version, str(source))
    return snapshot.read(path, rewrites)


def _until_undisturbed(prepared: snapshot.Snapshot, connection: server.Connection) -> CopyReport:
    """Repeats the transaction where another client got in its way."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return _once(prepared, Database(connection))
        except (pymysql.err.DataError, pymysql.err.ProgrammingError) as error:
            raise MetadataError(
                "metadata_copy_conflict",
                f"the server cannot hold a value of the file ({error.args[-1]}); nothing was"
                f" copied",
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


def _once(prepared: snapshot.Snapshot, database: Database) -> CopyReport:
    try:
        attempt = transfer.Transfer(prepared, database)
        attempt.run()
        digest = verification.verify(prepared, attempt, database)
        database.commit()
    except BaseException:
        database.rollback()
        raise
    added = {table: len(attempt.added[table]) for table in snapshot.COLUMNS}
    there = {table: len(rows) - added[table] for table, rows in prepared.rows.items()}
    return CopyReport(added=added, already_there=there, num_open=prepared.num_open, digest=digest)


def _leave(connection: server.Connection) -> None:
    """Lets the lock be released by a statement of its own."""
    if connection.open:
        connection.autocommit(True)
