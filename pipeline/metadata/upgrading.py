"""Brings the tables of a store to the version that the installed ML Metadata needs."""

import contextlib
from collections.abc import Callable

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.sections import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import connection, readiness, schema, server
from pipeline.metadata.schema import State
from schemas.errors import MetadataError


def upgrade(config: PipelineConfig) -> int | State:
    """Makes or upgrades the tables of the store of `config`; never goes back a version.

    Returns:
      What was there before: a version, or no tables.

    Raises:
      MetadataError: The store cannot be used, has tables of a newer version, or the account may
        not change tables.
    """
    store = connection.connection(config)
    if config.metadata.backend == MYSQL:
        before = _upgrade_server(config, store)
    else:
        before = _upgrade_file(config, store)
    readiness.ensure_ready(config, patience_seconds=0)
    return before


def _upgrade_server(
    config: PipelineConfig, store: metadata_store_pb2.ConnectionConfig
) -> int | State:
    username = server.read_account(config.metadata).username
    with contextlib.closing(server.connect(config.metadata)) as administration:
        server.choose_database(administration, config.metadata, username)
        schema.require_tables(administration, config.metadata, server.DATA)
        before = schema.of_server(administration, config.metadata)
        if _is_older(before, f"the database {config.metadata.database!r}"):
            _migrate(lambda: schema.upgrade_tables(administration, config.metadata, store), before)
        return before


def _upgrade_file(
    config: PipelineConfig, store: metadata_store_pb2.ConnectionConfig
) -> int | State:
    path = connection.sqlite_path(config)
    before = schema.of_file(path)
    if _is_older(before, str(path)):
        _migrate(lambda: metadata_store.MetadataStore(store, enable_upgrade_migration=True), before)
    return before


def _is_older(version: int | State, where: str) -> bool:
    if isinstance(version, State):
        return False
    if version > schema.LIBRARY_VERSION:
        readiness.expect_library_version(version, where)
    return version < schema.LIBRARY_VERSION


def _migrate(migration: Callable[[], object], before: int | State) -> None:
    try:
        migration()
    except RuntimeError as error:
        raise MetadataError(
            "metadata_upgrade_failed",
            f"ML Metadata could not upgrade version {before} ({error}); restore the back-up before"
            " anything else",
        ) from error
