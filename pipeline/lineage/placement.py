"""Which run, pipeline and node an execution belongs to, asked by context and not by execution."""

import functools
from collections.abc import Sequence
from typing import Final, NamedTuple

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

_PIPELINE: Final = "pipeline"  # context types, as TFX names them
_RUN: Final = "pipeline_run"
_NODE: Final = "node"


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
        """Node of an execution: the name of its component's class, as far as a node has it.

        Only a node of another name (a resolver) is worth the question: it reads a whole table. A
        second node of one class would go by the name of the first; the graph has none.
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
