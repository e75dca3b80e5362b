"""Whether runs can use the store, making its tables ready, and whose output folder it is.

Runs ask before the first node, and so does every step.

TFX names the folders of artifacts by execution id, and every store counts from 1: a second store on
the same folder would write into the artifacts of the first.
"""

import contextlib
import logging
import pathlib
import random
import time
from collections.abc import Callable
from typing import Final

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.sections import MYSQL, MetadataConfig
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import connection, schema, server
from pipeline.metadata.schema import State
from schemas.errors import MetadataError, MetadataUnreachableError

PATIENCE_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 4.0
_FILE_ATTEMPTS = 5

_log = logging.getLogger(__name__)

FILE_NAME: Final = "metadata-store"


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
        except MetadataUnreachableError as error:
            waited = time.monotonic() - begun
            if waited + pause > seconds:
                if waited < 1:
                    raise
                raise MetadataUnreachableError(
                    error.code, f"{error}; waited {waited:.0f} s"
                ) from error
            _log.warning("%s; trying again", error)
        # Steps that start together should not knock together.
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _check_server(config: MetadataConfig, store: metadata_store_pb2.ConnectionConfig) -> None:
    with server.database(config) as administration:
        server.require(administration, config, server.DATA)
        try:
            version = schema.of_server(administration, config)
            if isinstance(version, State):
                schema.make_tables(administration, config, store)
            else:
                schema.expect_library_version(version, f"the database {config.database!r}")
            metadata_store.MetadataStore(store)
        except RuntimeError as error:
            reason = f"ML Metadata could not connect: {error}"
            raise server.unreachable(config, reason) from error


def _check_file(config: PipelineConfig, store: metadata_store_pb2.ConnectionConfig) -> None:
    path = connection.sqlite_path(config)
    version = schema.of_file(path)
    if isinstance(version, int):
        schema.expect_library_version(version, str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _open_file(store)
    except (OSError, RuntimeError) as error:
        raise MetadataError(
            "metadata_not_a_store",
            f"cannot keep ML Metadata's records in {path} ({error}); check metadata.sqlite or"
            " --output, and that the folder can be written to",
        ) from error


def _open_file(store: metadata_store_pb2.ConnectionConfig) -> None:
    """Opens the file; processes that make its tables at the same time fail, and try again."""
    for _ in range(_FILE_ATTEMPTS - 1):
        with contextlib.suppress(RuntimeError):
            metadata_store.MetadataStore(store)
            return
        time.sleep(random.random())
    metadata_store.MetadataStore(store)


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
        before = _upgrade_server(config.metadata, store)
    else:
        before = _upgrade_file(config, store)
    ensure_ready(config, patience_seconds=0)
    return before


def _upgrade_server(
    config: MetadataConfig, store: metadata_store_pb2.ConnectionConfig
) -> int | State:
    with server.database(config) as administration:
        server.require(administration, config, server.DATA)
        before = schema.of_server(administration, config)
        if _is_older(before, f"the database {config.database!r}"):
            _migrate(lambda: schema.upgrade_tables(administration, config, store), before)
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
        schema.expect_library_version(version, where)
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


def claim(config: PipelineConfig) -> None:
    """Notes that the output folder belongs to the store of `config`.

    Raises:
      MetadataError: `metadata_other_store`: It belongs to another one.
    """
    marker = pathlib.Path(config.output) / FILE_NAME
    owner, own = _owner(config, marker), _name(config)
    if owner not in ("", own):
        raise MetadataError(
            "metadata_other_store",
            f"the artifacts in {config.output} belong to {owner}, not to {own}, which would write"
            " into them; use another --output, bring the history over with `deepfake metadata"
            f" copy`, or, if it is the same store under another name, delete {marker}",
        )
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(own, encoding="utf-8")


def hand_over(config: PipelineConfig, source: pathlib.Path) -> bool:
    """Notes that the history of `source` went to the store of `config`, if its folder is this one.

    Returns:
      Whether it is.
    """
    output = pathlib.Path(config.output).resolve()
    if source.resolve().parent != output:
        return False
    (output / FILE_NAME).write_text(_name(config), encoding="utf-8")
    return True


def _owner(config: PipelineConfig, marker: pathlib.Path) -> str:
    """Name of the store that has written below the folder; empty if none has."""
    if marker.exists():
        return marker.read_text(encoding="utf-8")
    file = pathlib.Path(config.output) / connection.SQLITE_FILE
    return f"the file {file.name}" if file.exists() else ""


def _name(config: PipelineConfig) -> str:
    """The store, said in a way that stays true when the output folder moves."""
    if config.metadata.backend == MYSQL:
        return f"the database {config.metadata.database} on {server.address(config.metadata)}"
    path = connection.sqlite_path(config)
    inside = path.parent == pathlib.Path(config.output).resolve()
    return f"the file {path.name if inside else path}"
