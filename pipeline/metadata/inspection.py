"""What a store is and holds, read without changing it."""

import contextlib
import dataclasses
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final

from pipeline.config.sections import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import connection, readiness, schema, server

# By what they are called on the screen and in JSON.
_COUNTS: Final = {
    "types": "SELECT COUNT(*) FROM `Type`",
    "artifacts": "SELECT COUNT(*) FROM `Artifact`",
    "executions": "SELECT COUNT(*) FROM `Execution`",
    "contexts": "SELECT COUNT(*) FROM `Context`",
    "events": "SELECT COUNT(*) FROM `Event`",
    "runs": (
        "SELECT COUNT(*) FROM `Context` WHERE `type_id` IN"
        " (SELECT `id` FROM `Type` WHERE `name` = 'pipeline_run' AND `type_kind` = 2)"
    ),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoreFacts:
    """What `deepfake metadata check` shows.

    Attributes:
      backend: `sqlite` or `mysql`.
      server: Product and version.
      place: The file; or host, port and database.
      account: User name on the server; empty for a file.
      privileges: What the account may do on the database; empty for a file.
      schema_version: Version of the tables; None where they are still to be made.
      library_version: Version of the tables that the installed ML Metadata needs.
      counts: Number of types, artifacts, executions, contexts, events and runs.
    """

    backend: str
    server: str
    place: str
    account: str = ""
    privileges: tuple[str, ...] = ()
    schema_version: int | None
    library_version: int = schema.LIBRARY_VERSION
    counts: dict[str, int] = dataclasses.field(default_factory=dict)


def inspect(config: PipelineConfig) -> StoreFacts:
    """Looks at the store of `config`, and connects to it as ML Metadata does.

    Raises:
      MetadataError: Runs cannot use it; the cause, and what to do.
    """
    facts = _of_server(config) if config.metadata.backend == MYSQL else _of_file(config)
    if facts.schema_version is not None:
        schema.expect_library_version(facts.schema_version, facts.place)
        readiness.ensure_ready(config, patience_seconds=0)
    return facts


def _of_server(config: PipelineConfig) -> StoreFacts:
    with server.database(config.metadata) as administration:
        granted = server.require(administration, config.metadata, server.DATA)
        version = _version(schema.of_server(administration, config.metadata))
        [[product]] = server.query(administration, "SELECT VERSION()")
        return StoreFacts(
            backend=config.metadata.backend,
            server=product if "mariadb" in product.lower() else f"MySQL {product}",
            place=f"{server.address(config.metadata)}/{config.metadata.database}",
            account=server.read_account(config.metadata).username,
            privileges=tuple(name for name in server.UPGRADE if name in granted),
            schema_version=version,
            counts=_counts(lambda sql: server.query(administration, sql), version),
        )


def _of_file(config: PipelineConfig) -> StoreFacts:
    path = connection.sqlite_path(config)
    version = _version(schema.of_file(path))
    counts = {}
    if version is not None:
        with contextlib.closing(schema.open_file(path)) as database:
            counts = _counts(lambda sql: database.execute(sql).fetchall(), version)
    return StoreFacts(
        backend=config.metadata.backend,
        server=f"SQLite {sqlite3.sqlite_version}",
        place=str(path),
        schema_version=version,
        counts=counts,
    )


def _version(found: int | schema.State) -> int | None:
    return found if isinstance(found, int) else None


def _counts(query: Callable[[str], Sequence[Sequence[Any]]], version: int | None) -> dict[str, int]:
    if version is None:
        return {}
    return {name: int(query(statement)[0][0]) for name, statement in _COUNTS.items()}
