"""What ML Metadata recorded of the nodes of a run."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.common import resolver
from tfx.orchestration import metadata
from tfx.orchestration.portable.mlmd import context_lib, execution_lib
from tfx.proto.orchestration import pipeline_pb2

from pipeline.journal.events import NodeState

_Execution = metadata_store_pb2.Execution

_STATES: Mapping[int, NodeState] = {
    _Execution.COMPLETE: NodeState.RAN,
    _Execution.CACHED: NodeState.CACHED,
}


class Recorded(NamedTuple):
    """Recorded state of a node; `message` is empty unless it failed."""

    state: NodeState
    message: str


def node_id(node: pipeline_pb2.Pipeline.PipelineOrNode) -> str:
    """Id of a node of the IR."""
    return node.pipeline_node.node_info.id


def recorded(connection: Any, info: Any) -> Recorded:
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


def outputs(
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
