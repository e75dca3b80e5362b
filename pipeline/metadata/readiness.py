"""Whether runs can use the store: asked once before the first node, and by every step."""

import contextlib
import logging
import random
import time
from collections.abc import Callable

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.metadata import MYSQL, MetadataConfig
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import connection, errors, privileges, schema, server, settings, tables

PATIENCE_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 4.0
_FILE_ATTEMPTS = 5

_log = logging.getLogger(__name__)


def ensure_ready(config: PipelineConfig, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Returns when ML Metadata can work with the store of `config`; makes its tables if it is new.

    Args:
      config: Names the store.
      patience_seconds: How long to wait for a server that does not answer, as one that restarts.

    Raises:
      MetadataError: It cannot; the cause, and what to do.
    """
    store = connection.connection(config)
    if config.metadata.backend == MYSQL:
        _patiently(lambda: _check_server(config.metadata, store), config.metadata, patience_seconds)
    else:
        _check_file(config, store)


def _patiently(attempt: Callable[[], None], config: MetadataConfig, seconds: float) -> None:
    """Repeats `attempt` while the server does not answer, with growing pauses."""
    begun = time.monotonic()
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return attempt()
        except errors.UnreachableError as error:
            waited = time.monotonic() - begun
            if waited + pause > seconds:
                reason = error.reason
                raise errors.UnreachableError(server.address(config), reason, waited) from error
            _log.warning("%s; trying again", error)
        # Steps that start together should not knock together.
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _check_server(config: MetadataConfig, store: metadata_store_pb2.ConnectionConfig) -> None:
    username = settings.account(config).username
    with contextlib.closing(server.connect(config)) as administration:
        server.choose_database(administration, config, username)
        try:
            tables.require(administration, config, privileges.DATA)
            version = schema.of_server(administration, config)
            if isinstance(version, schema.State):
                tables.make(administration, config, store)
            else:
                expect_library_version(version, f"the database {config.database!r}")
            metadata_store.MetadataStore(store)
        except server.OperationalError as error:  # it went away in between
            server.raise_cause(config, username, error)
        except RuntimeError as error:
            reason = f"ML Metadata could not connect: {error}"
            raise errors.UnreachableError(server.address(config), reason) from error


def _check_file(config: PipelineConfig, store: metadata_store_pb2.ConnectionConfig) -> None:
    path = connection.sqlite_path(config)
    version = schema.of_file(path)
    if isinstance(version, int):
        expect_library_version(version, str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _open_file(store)
    except (OSError, RuntimeError) as error:
        raise errors.NotAStoreError(
            f"cannot keep ML Metadata's records in {path} ({error}); check metadata.sqlite or"
            " --output, and that the folder can be written to"
        ) from error


def _open_file(store: metadata_store_pb2.ConnectionConfig) -> None:
    """Opens the file; processes that make its tables at the same time fail, and try again."""
    for _ in range(_FILE_ATTEMPTS - 1):
        with contextlib.suppress(RuntimeError):
            metadata_store.MetadataStore(store)
            return
        time.sleep(random.random())
    metadata_store.MetadataStore(store)


def expect_library_version(version: int, where: str) -> None:
    """Raises SchemaVersionError unless `version` is that of the installed library."""
    if version != schema.LIBRARY_VERSION:
        raise errors.SchemaVersionError(where, version, schema.LIBRARY_VERSION)
