"""The tables of ML Metadata 1.21: their names, their version, and making them."""

import contextlib
import enum
import pathlib
import sqlite3
from collections.abc import Iterator
from typing import Final

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.sections import MetadataConfig
from pipeline.metadata import server
from schemas.errors import MetadataError

# What the installed ml-metadata writes into MLMDEnv; a test compares.
LIBRARY_VERSION: Final = 10

TABLES: Final = (
    "Type",
    "TypeProperty",
    "ParentType",
    "Artifact",
    "ArtifactProperty",
    "Execution",
    "ExecutionProperty",
    "Context",
    "ContextProperty",
    "Event",
    "EventPath",
    "ParentContext",
    "Association",
    "Attribution",
    "MLMDEnv",
)
_VERSION: Final = "SELECT `schema_version` FROM `MLMDEnv`"
_SQLITE_HEADER: Final = b"SQLite format 3\0"

_LOCK_TIMEOUT_SECONDS = 120
_WITH_DATA = ("Artifact", "Execution", "Context")


class State(enum.Enum):
    """What a store without a version is."""

    EMPTY = "empty"  # none of the tables
    UNFINISHED = "unfinished"  # some of them: whoever made them was stopped


def of_server(connection: server.Connection, config: MetadataConfig) -> int | State:
    """Version of the tables in the current database."""
    present = tables_of_server(connection, config)
    if "MLMDEnv" in present and (rows := server.query(connection, _VERSION)):
        return int(rows[0][0])
    return State.UNFINISHED if present else State.EMPTY


def tables_of_server(connection: server.Connection, config: MetadataConfig) -> list[str]:
    """Those of `TABLES` that the database has."""
    rows = server.query(
        connection,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s",
        [config.database],
    )
    found = {name.lower() for [name] in rows}  # a server may keep names in lower case
    return [name for name in TABLES if name.lower() in found]


def of_file(path: pathlib.Path) -> int | State:
    """Version of the tables in an SQLite file.

    Raises:
      MetadataError: `metadata_not_a_store`: The file holds something else, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            header = file.read(len(_SQLITE_HEADER))
    except FileNotFoundError:
        return State.EMPTY
    except OSError as error:
        raise MetadataError(
            "metadata_not_a_store",
            f"cannot read {path} ({error.strerror}); check metadata.sqlite or --output",
        ) from error
    if not header:
        return State.EMPTY
    if header != _SQLITE_HEADER:
        raise MetadataError(
            "metadata_not_a_store",
            f"{path} is no SQLite file; check metadata.sqlite, or move the file away",
        )
    return _version_of_file(path)


def _version_of_file(path: pathlib.Path) -> int | State:
    try:
        with contextlib.closing(open_file(path)) as database:
            listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            present = {name for [name] in listed}
            if "MLMDEnv" in present and (row := database.execute(_VERSION).fetchone()):
                return int(row[0])
    except sqlite3.DatabaseError as error:
        raise MetadataError(
            "metadata_not_a_store",
            f"{path} cannot be read as ML Metadata's file ({error}); restore it from a back-up,"
            " or move it away to start anew",
        ) from error
    if present - {"sqlite_sequence"} and not present & set(TABLES):
        raise MetadataError(
            "metadata_not_a_store",
            f"{path} is an SQLite file of something else; check metadata.sqlite",
        )
    return State.UNFINISHED if present else State.EMPTY


def open_file(path: pathlib.Path) -> sqlite3.Connection:
    """Opens an SQLite file for reading only."""
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)


def expect_library_version(version: int, where: str) -> None:
    """Refuses tables that the installed library cannot use.

    Args:
      version: Version of the tables.
      where: Names the store in the message.

    Raises:
      MetadataError: `metadata_schema_version`: They are older or newer.
    """
    if version == LIBRARY_VERSION:
        return
    if version < LIBRARY_VERSION:
        advice = "back it up, then run `deepfake metadata upgrade` once"
    else:
        advice = "install the release of this program that wrote it, or a later one"
    raise MetadataError(
        "metadata_schema_version",
        f"{where} has version {version} of ML Metadata's tables, this program needs"
        f" {LIBRARY_VERSION}; {advice}",
    )


def make_tables(
    connection: server.Connection,
    config: MetadataConfig,
    store: metadata_store_pb2.ConnectionConfig,
) -> None:
    """Makes the tables in the current database, unless somebody else just did.

    Left to itself ML Metadata makes them in any number of processes at once, and one that is
    stopped half-way leaves a database that nobody can use again.

    Raises:
      MetadataError: `metadata_missing_grants`: The account may not make tables.
      MetadataError: `metadata_unfinished_tables`: There are tables with data, but no version.
      RuntimeError: ML Metadata's own message, where it fails for another reason.
    """
    with locked(connection, config):
        state = of_server(connection, config)
        if isinstance(state, int):
            return
        unfinished = state is State.UNFINISHED
        server.require(connection, config, server.UPGRADE if unfinished else server.TABLES)
        if unfinished:
            _drop_unfinished(connection, config)
        metadata_store.MetadataStore(store)


def upgrade_tables(
    connection: server.Connection,
    config: MetadataConfig,
    store: metadata_store_pb2.ConnectionConfig,
) -> None:
    """Brings tables of an older version to the library's; they are the current database's.

    Raises:
      MetadataError: `metadata_missing_grants`: The account may not change tables.
      RuntimeError: ML Metadata's own message, where it fails.
    """
    with locked(connection, config):
        server.require(connection, config, server.UPGRADE)
        metadata_store.MetadataStore(store, enable_upgrade_migration=True)


@contextlib.contextmanager
def locked(connection: server.Connection, config: MetadataConfig) -> Iterator[None]:
    """Holds the database's lock; the server gives it back if this process dies.

    Raises:
      MetadataUnreachableError: Somebody else holds it for minutes.
    """
    name = f"deepfake:{config.database}"[:64]
    [[held]] = server.query(connection, "SELECT GET_LOCK(%s, %s)", [name, _LOCK_TIMEOUT_SECONDS])
    if not held:
        reason = "another process has been making or upgrading its tables for two minutes"
        raise server.unreachable(config, reason)
    try:
        yield
    finally:
        if connection.open:
            server.query(connection, "SELECT RELEASE_LOCK(%s)", [name])


def _drop_unfinished(connection: server.Connection, config: MetadataConfig) -> None:
    present = tables_of_server(connection, config)
    for name in set(_WITH_DATA) & set(present):
        if server.query(connection, f"SELECT 1 FROM `{name}` LIMIT 1"):
            raise MetadataError(
                "metadata_unfinished_tables",
                f"the database {config.database!r} has ML Metadata's tables, with data, but no"
                " schema version (table MLMDEnv); restore it from a back-up, or use another"
                " database",
            )
    names = ", ".join(f"`{name}`" for name in present)
    server.query(connection, f"DROP TABLE {names}")
