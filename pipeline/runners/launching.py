"""Launches nodes of a compiled graph, and reports the start and the recorded end of each.

The same launcher, drivers, cache and lineage as TFX's own runners, with these differences: the
state that ML Metadata recorded decides whether a node succeeded, Beam's arguments are in no cache
key, an artifact keeps its place in cache keys when it moves to another store, and cached outputs
are paired with their keys by event.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.common import resolver
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher
from tfx.orchestration.portable.mlmd import context_lib, execution_lib
from tfx.proto.orchestration import pipeline_pb2

from pipeline.runners import beam, caching
from pipeline.runs import events, process
from schemas.errors import RunnerError
from schemas.run_report import NodeState

_Execution = metadata_store_pb2.Execution

_STATES: Mapping[int, NodeState] = {
    _Execution.COMPLETE: NodeState.RAN,
    _Execution.CACHED: NodeState.CACHED,
}

Describe = Callable[[Mapping[str, Sequence[types.Artifact]]], Mapping[str, Any]]


class Recorded(NamedTuple):
    """Recorded state of a node; `message` is empty unless it failed."""

    state: NodeState
    message: str


def node_id(node: pipeline_pb2.Pipeline.PipelineOrNode) -> str:
    """Id of a node of the IR."""
    return node.pipeline_node.node_info.id


def records_of_run(connection: Any, info: Any) -> Recorded:
    """Recorded state of the execution that `Launcher.launch` returned.

    A node whose inputs could not be resolved returns normally: only its record tells.

    Args:
      connection: ML Metadata connection config.
      info: ExecutionInfo; None or without an id where a condition skipped the node.
    """
    if info is None or not info.execution_id:
        return Recorded(NodeState.SKIPPED, "")
    with metadata.Metadata(connection) as handle:
        [execution] = handle.store.get_executions_by_id([info.execution_id])
    state = _STATES.get(execution.last_known_state, NodeState.FAILED)
    result = execution_lib.get_execution_result(execution)
    message = result.result_message.strip() if result and state is NodeState.FAILED else ""
    return Recorded(state, message.rpartition("\n")[2])


def recorded_outputs(
    connection: Any, node: pipeline_pb2.PipelineNode
) -> Mapping[str, Sequence[types.Artifact]]:
    """What the node made in this run, or took from the cache, by output key.

    Empty if it did not succeed, and for a resolver: what that finds is another run's.
    """
    if node.node_info.type.name == resolver.Resolver.get_class_type():
        return {}
    with metadata.Metadata(connection) as handle:
        done = [e for e in _of_run(handle, node) if execution_lib.is_execution_successful(e)]
        if not done:
            return {}
        newest = execution_lib.sort_executions_newest_to_oldest(done)[0]
        return execution_lib.get_output_artifacts(handle, newest.id)


def is_done(connection: Any, node: pipeline_pb2.PipelineNode) -> bool:
    """Whether an execution of this node in this run has succeeded."""
    with metadata.Metadata(connection) as handle:
        return any(execution_lib.is_execution_successful(e) for e in _of_run(handle, node))


def close(connection: Any, node: pipeline_pb2.PipelineNode, state: NodeState) -> None:
    """Marks the node's executions of this run that are still open as failed or cancelled.

    TFX leaves them RUNNING when a driver raises, and when the process is interrupted.
    """
    final = _Execution.FAILED if state is NodeState.FAILED else _Execution.CANCELED
    with metadata.Metadata(connection) as handle:
        still_open = [e for e in _of_run(handle, node) if execution_lib.is_execution_active(e)]
        for execution in still_open:
            execution.last_known_state = final
        if still_open:
            handle.store.put_executions(still_open)


def _of_run(handle: metadata.Metadata, node: pipeline_pb2.PipelineNode) -> list[Any]:
    contexts = context_lib.prepare_contexts(handle, node.contexts)
    return execution_lib.get_executions_associated_with_all_contexts(handle, contexts)


class NodeLauncher:
    """Launches nodes of one graph, one after the other.

    Args:
      ir: The graph, bound to a run.
      connection: Connection to the ML Metadata store.
      sink: Function that gets every event, in order.
      describe: Turns the outputs of a node, by key, into facts for its last event.
      beam_args: Arguments of Beam pipelines, as `beam.arguments` returns them.
    """

    def __init__(
        self,
        ir: pipeline_pb2.Pipeline,
        connection: metadata_store_pb2.ConnectionConfig,
        *,
        sink: events.EventSink,
        describe: Describe,
        beam_args: Sequence[str],
    ) -> None:
        caching.install_keys()
        caching.install_outputs()
        self._ir = ir
        self._connection = connection
        self._deployment = runner_utils.extract_local_deployment_config(ir)
        self._operators = beam.executor_operators(list(beam_args))
        self._describe = describe
        self._sink = sink

    def launch(self, node: pipeline_pb2.PipelineNode) -> None:
        """Launches `node`, or skips it where the graph says so.

        Raises:
          RunnerError: `node_failed`: ML Metadata says FAILED though the launcher returned.
          BaseException: Whatever the node's driver or executor raises, as it is.
        """
        name = node.node_info.id
        if node.execution_options.HasField("skip"):
            self._tell_end(node, NodeState.SKIPPED, 0.0)
            return
        self._sink(events.NodeStarted(node=name))
        with _Watch(self._sink, self._connection, node) as watch:
            info = self._launch(node)
            recorded = records_of_run(self._connection, info)
        self._tell_end(node, recorded.state, watch.seconds)
        if recorded.state is NodeState.FAILED:
            raise RunnerError("node_failed", f"{name} failed: {recorded.message}")

    def repeat(self, node: pipeline_pb2.PipelineNode) -> None:
        """Reports a node as ended that an earlier attempt of this run finished."""
        self._sink(events.NodeStarted(node=node.node_info.id))
        self._tell_end(node, NodeState.RAN, 0.0)

    def _launch(self, node: pipeline_pb2.PipelineNode) -> Any:
        name = node.node_info.id
        return launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=metadata.Metadata(self._connection),
            pipeline_info=self._ir.pipeline_info,
            pipeline_runtime_spec=self._ir.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(self._deployment, name),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(self._deployment, name),
            custom_executor_operators=self._operators,
        ).launch()

    def _tell_end(self, node: pipeline_pb2.PipelineNode, state: NodeState, seconds: float) -> None:
        failed = state is NodeState.FAILED
        outputs = {} if failed else recorded_outputs(self._connection, node)
        facts = self._describe(outputs) if outputs else {}
        name = node.node_info.id
        self._sink(events.NodeEnded(node=name, state=state, seconds=seconds, facts=facts))


class _Watch:
    """Times a node; if it raises, reports that to the sink and records it in ML Metadata."""

    def __init__(
        self, sink: events.EventSink, connection: Any, node: pipeline_pb2.PipelineNode
    ) -> None:
        self._sink = sink
        self._connection = connection
        self._node = node
        self.seconds = 0.0

    def __enter__(self) -> "_Watch":
        self._begun = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.seconds = time.perf_counter() - self._begun
        if error is None:
            return
        interrupted = process.is_interrupt(error)
        state = NodeState.INTERRUPTED if interrupted else NodeState.FAILED
        name = self._node.node_info.id
        self._sink(events.NodeEnded(node=name, state=state, seconds=self.seconds))
        close(self._connection, self._node, state)
