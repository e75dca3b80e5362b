"""Reads ML Metadata in bulk: never one artifact or execution at a time.

ML Metadata 1.21 has no filter queries, and asking for the contexts of one execution reads a whole
table: which run an execution belongs to is therefore asked run by run, once. What an answer holds
is in the order in which it was asked for, or by id.
"""

import datetime
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from google.protobuf import json_format
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.sections import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.lineage.records import Artifact, Execution, Link, Properties, Run
from pipeline.metadata import connection, readiness, schema
from pipeline.runs.folders import ENDED_PROPERTY
from pipeline.runs.words import Value
from schemas.errors import NoRecordsError

_PIPELINE: Final = "pipeline"  # context types, as TFX names them
_RUN: Final = "pipeline_run"
_NODE: Final = "node"

_T = TypeVar("_T")
_CHUNK: Final = 1000  # ids in one question
_JSON_VALUE: Final = "__value__"  # where TFX keeps JSON text inside a struct
# What a resolver found is INTERNAL_OUTPUT: it made nothing. PENDING_OUTPUT is not made yet.
_Event = metadata_store_pb2.Event
_INPUTS: Final = frozenset((_Event.INPUT, _Event.DECLARED_INPUT))
_OUTPUTS: Final = frozenset((_Event.OUTPUT, _Event.DECLARED_OUTPUT))
_KINDS: Final = {None: _INPUTS | _OUTPUTS, True: _OUTPUTS, False: _INPUTS}


class Place(NamedTuple):
    """Where an execution belongs; empty where nothing recorded it."""

    run: str
    pipeline: str
    node: str


class Placement:
    """The contexts of one store, each kind read once, when it is first needed."""

    def __init__(self, client: metadata_store.MetadataStore) -> None:
        self._client = client

    def runs(self) -> Sequence[metadata_store_pb2.Context]:
        """The contexts of the runs."""
        return self._runs

    def executions_of(self, run: str) -> frozenset[int]:
        """Ids of the executions of a run; empty for an unknown one."""
        return frozenset(
            execution.id
            for context in self._runs
            if context.name == run
            for execution in self._client.get_executions_by_context(context.id)
        )

    def pipeline_of(self, run: str) -> str:
        """Pipeline of a run; empty where no node of it began."""
        if len(self._pipelines) == 1:
            return self._pipelines[0].name
        return self._pipeline_by_run.get(run, "")

    def of(self, execution_id: int, type_name: str) -> Place:
        """Where the execution of that id and type belongs."""
        run = self._run_by_execution.get(execution_id, "")
        return Place(
            run=run,
            pipeline=self.pipeline_of(run) if run else "",
            node=self._node(execution_id, type_name),
        )

    @functools.cached_property
    def _runs(self) -> Sequence[metadata_store_pb2.Context]:
        return self._client.get_contexts_by_type(_RUN)

    @functools.cached_property
    def _pipelines(self) -> Sequence[metadata_store_pb2.Context]:
        return self._client.get_contexts_by_type(_PIPELINE)

    @functools.cached_property
    def _run_by_execution(self) -> dict[int, str]:
        return {
            execution.id: context.name
            for context in self._runs
            for execution in self._client.get_executions_by_context(context.id)
        }

    @functools.cached_property
    def _pipeline_by_run(self) -> dict[str, str]:
        """Runs by way of their executions; costly, and only where there are several pipelines."""
        return {
            self._run_by_execution[execution.id]: context.name
            for context in self._pipelines
            for execution in self._client.get_executions_by_context(context.id)
            if execution.id in self._run_by_execution
        }

    def _node(self, execution_id: int, type_name: str) -> str:
        """Id of an execution's node: the name of its component's class, where a node has that id.

        Otherwise (for a resolver) its contexts are read, which scans a whole table. Two nodes of
        one class cannot be told apart; the graph has none.
        """
        class_name = type_name.rpartition(".")[2]
        if class_name in self._nodes:
            return class_name
        for context in self._client.get_contexts_by_execution(execution_id):
            if context.type == _NODE:
                return self._node_id(context.name)
        return class_name

    @functools.cached_property
    def _nodes(self) -> frozenset[str]:
        contexts = self._client.get_contexts_by_type(_NODE)
        return frozenset(self._node_id(context.name) for context in contexts)

    def _node_id(self, context_name: str) -> str:
        """Node of a context `<pipeline>.<node>`; both names may hold dots."""
        for pipeline in self._pipelines:
            if context_name.startswith(f"{pipeline.name}."):
                return context_name.removeprefix(f"{pipeline.name}.")
        return context_name


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
        raise NoRecordsError(
            "no_records", f"no records in {path}; check --output, or run something first"
        )
    schema.expect_library_version(version, str(path))
    file = connection.of_file(path)
    file.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READONLY
    return Store(file)


class Store:
    """One ML Metadata store. Answers are cached: open a new one to see what was added since."""

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
        """The executions of those ids, by id; unknown ids are absent."""
        missing = sorted(set(wanted := list(ids)) - self._executions.keys())
        for message in _chunked(self._client.get_executions_by_id, missing):
            self._executions[message.id] = self._execution(message)
        return {key: self._executions[key] for key in wanted if key in self._executions}

    def executions_of(self, run: str) -> tuple[Execution, ...]:
        """The executions of a run in the order in which they began; empty for an unknown run."""
        ids = sorted(self._placement.executions_of(run))
        return tuple(self.executions(ids).values())

    def artifacts(self, ids: Iterable[int]) -> dict[int, Artifact]:
        """The artifacts of those ids, by id; unknown ids are absent."""
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
    """End of an execution; a dashboard link, written later, keeps it in `ENDED_PROPERTY`."""
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
    """By name, those of the type first: Protobuf's own order changes from process to process."""
    both = (message.properties, message.custom_properties)
    return {name: _value(mapping[name]) for mapping in both for name in sorted(mapping)}


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
