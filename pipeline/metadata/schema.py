"""The tables of ML Metadata 1.21: their names and their version."""

import contextlib
import enum
import pathlib
import sqlite3
from typing import Final

from pipeline.config.metadata import MetadataConfig
from pipeline.metadata import errors, server

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
      NotAStoreError: The file holds something else, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            header = file.read(len(_SQLITE_HEADER))
    except FileNotFoundError:
        return State.EMPTY
    except OSError as error:
        raise errors.NotAStoreError(
            f"cannot read {path} ({error.strerror}); check metadata.sqlite or --output"
        ) from error
    if not header:
        return State.EMPTY
    if header != _SQLITE_HEADER:
        raise errors.NotAStoreError(
            f"{path} is no SQLite file; check metadata.sqlite, or move the file away"
        )
    return _version_of_file(path)


def _version_of_file(path: pathlib.Path) -> int | State:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            present = {name for [name] in listed}
            if "MLMDEnv" in present and (row := database.execute(_VERSION).fetchone()):
                return int(row[0])
    except sqlite3.DatabaseError as error:
        raise errors.NotAStoreError(
            f"{path} cannot be read as ML Metadata's file ({error}); restore it from a back-up,"
            " or move it away to start anew"
        ) from error
    if present - {"sqlite_sequence"} and not present & set(TABLES):
        raise errors.NotAStoreError(
            f"{path} is an SQLite file of something else; check metadata.sqlite"
        )
    return State.UNFINISHED if present else State.EMPTY
