"""Local runner: compiles the graph and launches its nodes one by one, in this process.

The same launcher, drivers, cache and lineage as TFX's LocalDagRunner, with four differences: every
step is told to an event sink, the state that ML Metadata recorded decides whether a node
succeeded, a partial run starts from the latest run that has what it needs, and Beam's arguments
are in no cache key.
"""

import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from google.protobuf import json_format
from tfx import types
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.journal import events
from pipeline.journal.events import NodeState
from pipeline.runners import beam, cached_outputs, errors, executions, partial

Describe = Callable[[Mapping[str, Sequence[types.Artifact]]], Mapping[str, Any]]


def compile_graph(
    pipeline: tfx_pipeline.Pipeline, *, run_id: str, order: Sequence[str] = ()
) -> pipeline_pb2.Pipeline:
    """Compiles `pipeline` to TFX IR for one run.

    Args:
      pipeline: The graph.
      run_id: Name of the run in ML Metadata.
      order: Node ids in the order wished for. It is followed where it names every node and puts
        none before its upstream nodes; otherwise the compiler's own order stays.
    """
    ir = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    place = {name: index for index, name in enumerate(order)}
    upstream = {executions.node_id(node): node.pipeline_node.upstream_nodes for node in ir.nodes}
    if set(upstream) == set(place) and all(
        place[before] < place[name] for name in upstream for before in upstream[name]
    ):
        ir.nodes.sort(key=lambda node: place[executions.node_id(node)])
    return ir


def run(
    ir: pipeline_pb2.Pipeline,
    *,
    sink: events.EventSink,
    describe: Describe = lambda outputs: {},
    beam_args: Sequence[str] = (),
    from_node: str = "",
    to_node: str = "",
) -> None:
    """Runs the compiled graph, or the part of it from `from_node` to `to_node`.

    Args:
      ir: From `compile_graph`.
      sink: Is told every step, in order.
      describe: Turns the outputs of a node, by key, into facts for its last event.
      beam_args: From `beam.arguments`.
      from_node: First node to run, with all that is between it and the end; empty = all.
      to_node: Last node to run, with all that it needs; empty = all.

    Raises:
      RunnerError: A name is unknown, a partial run has nothing to start from, or a node failed
        without an exception of its own.
      BaseException: Whatever a node's driver or executor raises, as it is.
    """
    cached_outputs.install()
    graph = _Graph(ir, beam_args, describe, sink)
    sink(events.Planned(nodes=tuple(executions.node_id(node) for node in ir.nodes)))
    if from_node or to_node:
        partial.prepare(graph.connection, ir, from_node=from_node, to_node=to_node)
    for node in ir.nodes:
        graph.run_node(node.pipeline_node)


def write_ir(ir: pipeline_pb2.Pipeline, path: pathlib.Path) -> None:
    """Writes the compiled graph as JSON."""
    path.write_text(json_format.MessageToJson(ir, sort_keys=True), encoding="utf-8")


class _Graph:
    """What the nodes of one run have in common."""

    def __init__(
        self,
        ir: pipeline_pb2.Pipeline,
        beam_args: Sequence[str],
        describe: Describe,
        sink: events.EventSink,
    ) -> None:
        self._ir = ir
        self._deployment = runner_utils.extract_local_deployment_config(ir)
        self._operators = beam.executor_operators(list(beam_args))
        self._describe = describe
        self._sink = sink
        self.connection = executions.connection_config(self._deployment)

    def run_node(self, node: pipeline_pb2.PipelineNode) -> None:
        name = node.node_info.id
        if node.execution_options.HasField("skip"):
            self._sink(
                events.NodeEnded(node=name, state=NodeState.SKIPPED, facts=self._facts(node))
            )
            return
        self._sink(events.NodeStarted(node=name))
        with _Watch(self._sink, self.connection, node) as watch:
            info = self._launch(node)
            recorded = executions.recorded(self.connection, info)
        self._sink(
            events.NodeEnded(
                node=name,
                state=recorded.state,
                seconds=watch.seconds,
                facts={} if recorded.state is NodeState.FAILED else self._facts(node),
            )
        )
        if recorded.state is NodeState.FAILED:
            raise errors.NodeFailedError(f"{name} failed: {recorded.message}")

    def _launch(self, node: pipeline_pb2.PipelineNode) -> Any:
        name = node.node_info.id
        return launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=metadata.Metadata(self.connection),
            pipeline_info=self._ir.pipeline_info,
            pipeline_runtime_spec=self._ir.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(self._deployment, name),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(self._deployment, name),
            custom_executor_operators=self._operators,
        ).launch()

    def _facts(self, node: pipeline_pb2.PipelineNode) -> Mapping[str, Any]:
        outputs = executions.outputs(self.connection, node)
        return self._describe(outputs) if outputs else {}


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
        failed = isinstance(error, Exception)  # KeyboardInterrupt and SystemExit are none
        state = NodeState.FAILED if failed else NodeState.INTERRUPTED
        name = self._node.node_info.id
        self._sink(events.NodeEnded(node=name, state=state, seconds=self.seconds))
        executions.close(self._connection, self._node, state)
