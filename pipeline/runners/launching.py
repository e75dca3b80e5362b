"""Launches one node of a compiled graph, tells every step to a sink, and trusts only the record.

The same launcher, drivers, cache and lineage as TFX's own runners, with these differences: the
state that ML Metadata recorded decides whether a node succeeded, Beam's arguments are in no cache
key, an artifact keeps its place in cache keys when it moves to another store, and cached outputs
are paired with their keys by event.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher
from tfx.proto.orchestration import pipeline_pb2

from pipeline.journal import events, interrupts
from pipeline.journal.events import NodeState
from pipeline.runners import beam, cache_keys, cached_outputs, errors, executions

Describe = Callable[[Mapping[str, Sequence[types.Artifact]]], Mapping[str, Any]]


class NodeLauncher:
    """Launches nodes of one graph, one after the other.

    Args:
      ir: The graph, bound to a run.
      connection: Of the ML Metadata store.
      sink: Is told every step, in order.
      describe: Turns the outputs of a node, by key, into facts for its last event.
      beam_args: From `beam.arguments`.
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
        cache_keys.install()
        cached_outputs.install()
        self._ir = ir
        self._connection = connection
        self._deployment = runner_utils.extract_local_deployment_config(ir)
        self._operators = beam.executor_operators(list(beam_args))
        self._describe = describe
        self._sink = sink

    def launch(self, node: pipeline_pb2.PipelineNode) -> None:
        """Launches `node`, or passes it over where the graph says so.

        Raises:
          NodeFailedError: ML Metadata says FAILED though the launcher returned.
          BaseException: Whatever the node's driver or executor raises, as it is.
        """
        name = node.node_info.id
        if node.execution_options.HasField("skip"):
            self._tell_end(node, NodeState.SKIPPED, 0.0)
            return
        self._sink(events.NodeStarted(node=name))
        with _Watch(self._sink, self._connection, node) as watch:
            info = self._launch(node)
            recorded = executions.recorded(self._connection, info)
        self._tell_end(node, recorded.state, watch.seconds)
        if recorded.state is NodeState.FAILED:
            raise errors.NodeFailedError(f"{name} failed: {recorded.message}")

    def repeat(self, node: pipeline_pb2.PipelineNode) -> None:
        """Tells the end of a node that an earlier attempt of this run finished."""
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
        outputs = {} if failed else executions.outputs(self._connection, node)
        facts = self._describe(outputs) if outputs else {}
        name = node.node_info.id
        self._sink(events.NodeEnded(node=name, state=state, seconds=seconds, facts=facts))


class _Watch:
    """Times a node; if it raises, says so to the sink and to ML Metadata."""

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
        interrupted = interrupts.is_interrupt(error)
        state = NodeState.INTERRUPTED if interrupted else NodeState.FAILED
        name = self._node.node_info.id
        self._sink(events.NodeEnded(node=name, state=state, seconds=self.seconds))
        executions.close(self._connection, self._node, state)
