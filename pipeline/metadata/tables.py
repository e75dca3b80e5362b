"""Makes and upgrades the tables of a store on a server, one process at a time."""

import contextlib
from collections.abc import Iterator

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.metadata import MetadataConfig
from pipeline.metadata import errors, privileges, schema, server, settings

_LOCK_TIMEOUT_SECONDS = 120
_WITH_DATA = ("Artifact", "Execution", "Context")


def make(
    connection: server.Connection,
    config: MetadataConfig,
    store: metadata_store_pb2.ConnectionConfig,
) -> None:
    """Makes the tables in the current database, unless somebody else just did.

    Left to itself ML Metadata makes them in any number of processes at once, and one that is
    stopped half-way leaves a database that nobody can use again.

    Raises:
      MissingGrantsError: The account may not make tables.
      UnfinishedTablesError: There are tables with data, but no version.
      RuntimeError: ML Metadata's own message, where it fails for another reason.
    """
    with locked(connection, config):
        state = schema.of_server(connection, config)
        if isinstance(state, int):
            return
        unfinished = state is schema.State.UNFINISHED
        require(connection, config, privileges.UPGRADE if unfinished else privileges.TABLES)
        if unfinished:
            _drop_unfinished(connection, config)
        metadata_store.MetadataStore(store)


def upgrade(
    connection: server.Connection,
    config: MetadataConfig,
    store: metadata_store_pb2.ConnectionConfig,
) -> None:
    """Brings tables of an older version to the library's; they are the current database's.

    Raises:
      MissingGrantsError: The account may not change tables.
      RuntimeError: ML Metadata's own message, where it fails.
    """
    with locked(connection, config):
        require(connection, config, privileges.UPGRADE)
        metadata_store.MetadataStore(store, enable_upgrade_migration=True)


def require(connection: server.Connection, config: MetadataConfig, needed: tuple[str, ...]) -> None:
    """Raises MissingGrantsError unless the account has every privilege of `needed`."""
    missing = privileges.lacking(connection, config.database, needed)
    if missing:
        username = settings.account(config).username
        raise errors.MissingGrantsError(config.database, username, missing)


@contextlib.contextmanager
def locked(connection: server.Connection, config: MetadataConfig) -> Iterator[None]:
    """Holds the database's lock; the server gives it back if this process dies.

    Raises:
      UnreachableError: Somebody else holds it for minutes.
    """
    name = f"deepfake:{config.database}"[:64]
    [[held]] = server.query(connection, "SELECT GET_LOCK(%s, %s)", [name, _LOCK_TIMEOUT_SECONDS])
    if not held:
        reason = "another process has been making or upgrading its tables for two minutes"
        raise errors.UnreachableError(server.address(config), reason)
    try:
        yield
    finally:
        server.query(connection, "SELECT RELEASE_LOCK(%s)", [name])


def _drop_unfinished(connection: server.Connection, config: MetadataConfig) -> None:
    present = schema.tables_of_server(connection, config)
    for name in set(_WITH_DATA) & set(present):
        if server.query(connection, f"SELECT 1 FROM `{name}` LIMIT 1"):
            raise errors.UnfinishedTablesError(config.database)
    names = ", ".join(f"`{name}`" for name in present)
    server.query(connection, f"DROP TABLE {names}")
