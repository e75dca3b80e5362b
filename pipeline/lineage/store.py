"""Reads ML Metadata in bulk: never one artifact or execution at a time.

ML Metadata 1.21 has no filter queries, and asking for the contexts of one execution reads a whole
table: which run an execution belongs to is therefore asked run by run, once. What an answer holds
is in the order in which it was asked for, or by id.
"""

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from google.protobuf import json_format
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.metadata import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.journal.dashboard_folder import ENDED_PROPERTY
from pipeline.lineage import errors
from pipeline.lineage.placement import Placement
from pipeline.lineage.records import (
    Artifact,
    Execution,
    Link,
    Properties,
    Run,
    Value,
)
from pipeline.metadata import connection, readiness, schema

__all__ = ["Artifact", "Execution", "Link", "Properties", "Run", "Store", "Value", "opened"]

_T = TypeVar("_T")

_CHUNK: Final = 1000  # ids in one question
_JSON_VALUE: Final = "__value__"  # where TFX keeps JSON text inside a struct

# What a resolver found is INTERNAL_OUTPUT: it made nothing. PENDING_OUTPUT is not made yet.
_Event = metadata_store_pb2.Event
_INPUTS: Final = frozenset((_Event.INPUT, _Event.DECLARED_INPUT))
_OUTPUTS: Final = frozenset((_Event.OUTPUT, _Event.DECLARED_OUTPUT))
_KINDS: Final = {None: _INPUTS | _OUTPUTS, True: _OUTPUTS, False: _INPUTS}


def opened(config: PipelineConfig) -> "Store":
    """The store of `config`, which is only read.

    Raises:
      NoRecordsError: Nothing was ever recorded in it.
      MetadataError: It cannot be used.
    """
    if config.metadata.backend == MYSQL:
        readiness.ensure_ready(config)
        return Store(connection.connection(config))
    path = connection.sqlite_path(config)
    version = schema.of_file(path)
    if isinstance(version, schema.State):
        raise errors.NoRecordsError(f"no records in {path}; check --output, or run something first")
    readiness.expect_library_version(version, str(path))
    file = connection.of_file(path)
    file.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READONLY
    return Store(file)


class Store:
    """One ML Metadata store. What it answers is kept: open a new one to see what is new."""

    def __init__(self, connection_config: metadata_store_pb2.ConnectionConfig) -> None:
        self._client = metadata_store.MetadataStore(connection_config)
        self._placement = Placement(self._client)
        self._artifacts: dict[int, Artifact] = {}
        self._executions: dict[int, Execution] = {}

    def runs(self) -> tuple[Run, ...]:
        """All runs, oldest first."""
        contexts = self._placement.runs()
        found = [
            Run(
                name=context.name,
                pipeline=self._placement.pipeline_of(context.name),
                created=_time(context.create_time_since_epoch),
            )
            for context in contexts
        ]
        return tuple(sorted(found, key=lambda run: (run.created, run.name)))

    def executions(self, ids: Iterable[int]) -> dict[int, Execution]:
        """The executions of those ids, by id; what there is not is absent."""
        missing = sorted(set(wanted := list(ids)) - self._executions.keys())
        for message in _chunked(self._client.get_executions_by_id, missing):
            self._executions[message.id] = self._execution(message)
        return {key: self._executions[key] for key in wanted if key in self._executions}

    def executions_of(self, run: str) -> tuple[Execution, ...]:
        """The executions of a run in the order in which they began; empty for an unknown run."""
        ids = sorted(self._placement.executions_of(run))
        return tuple(self.executions(ids).values())

    def executions_by_type(self, type_name: str) -> tuple[Execution, ...]:
        """All executions of a type, by id."""
        messages = self._client.get_executions_by_type(type_name)
        for message in messages:
            if message.id not in self._executions:
                self._executions[message.id] = self._execution(message)
        return tuple(self._executions[key] for key in sorted(m.id for m in messages))

    def artifacts(self, ids: Iterable[int]) -> dict[int, Artifact]:
        """The artifacts of those ids, by id; what there is not is absent."""
        missing = sorted(set(wanted := list(ids)) - self._artifacts.keys())
        self._keep(_chunked(self._client.get_artifacts_by_id, missing))
        return {key: self._artifacts[key] for key in wanted if key in self._artifacts}

    def artifacts_by_type(self, type_name: str) -> tuple[Artifact, ...]:
        """All artifacts of a type, by id; empty for a type that nothing was written of."""
        messages = self._client.get_artifacts_by_type(type_name)
        self._keep(messages)
        return tuple(self._artifacts[key] for key in sorted(m.id for m in messages))

    def all_artifacts(self) -> tuple[Artifact, ...]:
        """Every artifact, by id. For questions about the whole store only."""
        messages = self._client.get_artifacts()
        self._keep(messages)
        return tuple(self._artifacts[key] for key in sorted(m.id for m in messages))

    def links_of_executions(
        self, ids: Iterable[int], *, is_output: bool | None = None
    ) -> tuple[Link, ...]:
        """What those executions read and made; with `is_output`, one of the two."""
        events = _chunked(self._client.get_events_by_execution_ids, sorted(set(ids)))
        return tuple(_links(events, _KINDS[is_output]))

    def links_of_artifacts(
        self, ids: Iterable[int], *, is_output: bool | None = None
    ) -> tuple[Link, ...]:
        """What read and made those artifacts, cached executions too; with `is_output`, one."""
        events = _chunked(self._client.get_events_by_artifact_ids, sorted(set(ids)))
        return tuple(_links(events, _KINDS[is_output]))

    def _keep(self, messages: Iterable[metadata_store_pb2.Artifact]) -> None:
        for message in messages:
            if message.id not in self._artifacts:
                self._artifacts[message.id] = _artifact(message)

    def _execution(self, message: metadata_store_pb2.Execution) -> Execution:
        place = self._placement.of(message.id, message.type)
        return Execution(
            id=message.id,
            node=place.node,
            type=message.type,
            state=metadata_store_pb2.Execution.State.Name(message.last_known_state),
            properties=_properties(message),
            created=_time(message.create_time_since_epoch),
            updated=_ended(message),
            run=place.run,
            pipeline=place.pipeline,
        )


def _ended(message: metadata_store_pb2.Execution) -> datetime.datetime:
    """A link to a page, written later, keeps the time that the last update had until then."""
    if ENDED_PROPERTY in message.custom_properties:
        text = message.custom_properties[ENDED_PROPERTY].string_value
        return datetime.datetime.fromisoformat(text)
    return _time(message.last_update_time_since_epoch)


def _chunked(ask: Callable[[list[int]], Sequence[_T]], ids: Sequence[int]) -> Iterator[_T]:
    for start in range(0, len(ids), _CHUNK):
        yield from ask(list(ids[start : start + _CHUNK]))


def _artifact(message: metadata_store_pb2.Artifact) -> Artifact:
    return Artifact(
        id=message.id,
        type=message.type,
        uri=message.uri,
        state=metadata_store_pb2.Artifact.State.Name(message.state),
        properties=_properties(message),
        created=_time(message.create_time_since_epoch),
    )


def _links(events: Iterable[metadata_store_pb2.Event], kinds: Collection[int]) -> Iterator[Link]:
    for event in events:
        if event.type not in kinds:
            continue
        key, index = "", 0
        for step in event.path.steps:
            if step.HasField("key"):
                key = step.key
            else:
                index = step.index
        yield Link(
            artifact_id=event.artifact_id,
            execution_id=event.execution_id,
            is_output=event.type in _OUTPUTS,
            key=key,
            index=index,
        )


def _properties(message: Any) -> Properties:
    both = (message.properties, message.custom_properties)
    return {name: _value(value) for mapping in both for name, value in mapping.items()}


def _value(value: metadata_store_pb2.Value) -> Value:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    found = getattr(value, kind)
    if kind == "struct_value":
        as_json: dict[str, Any] = json_format.MessageToDict(found)
        return as_json.get(_JSON_VALUE, as_json)
    if kind == "proto_value":
        return str(found.type_url)
    return found


def _time(milliseconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(milliseconds / 1000, tz=datetime.timezone.utc)
