"""Local runner: launches the nodes of a compiled graph one by one, all or a range of them."""

from collections.abc import Sequence
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler_utils, constants
from tfx.orchestration import metadata
from tfx.orchestration.portable import partial_run_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import pipeline_pb2

from pipeline.runners import launching
from pipeline.runs import events
from schemas import names
from schemas.errors import RunnerError

_SKIP = pipeline_pb2.NodeExecutionOptions.Skip


def prepare_range(
    connection: Any, ir: pipeline_pb2.Pipeline, *, from_node: str, to_node: str
) -> None:
    """Marks the nodes of `ir` to run or to skip, and makes the outputs of skipped ones usable.

    Args:
      connection: ML Metadata connection config.
      ir: Compiled graph; it is changed in place.
      from_node: First node to run; empty = from the start.
      to_node: Last node to run; empty = to the end.

    Raises:
      RunnerError: `unknown_node`: A name is no node of the graph.
      RunnerError: `empty_range`: `to_node` does not come after `from_node`.
      RunnerError: `nothing_to_reuse`: No earlier run finished all nodes whose outputs are needed.
    """
    known = [launching.node_id(node) for node in ir.nodes]
    for name in (from_node, to_node):
        if name and name not in known:
            raise names.unknown_node(name, known)
    partial_run_utils.mark_pipeline(
        ir,
        from_nodes=[from_node] if from_node else None,
        to_nodes=[to_node] if to_node else None,
    )
    if not any(node.pipeline_node.execution_options.HasField("run") for node in ir.nodes):
        raise RunnerError(
            "empty_range", f"nothing to run: {to_node} does not come after {from_node} in the graph"
        )
    needed = [
        node
        for node in ir.nodes
        if node.pipeline_node.execution_options.skip.reuse_artifacts_mode == _SKIP.REQUIRED
    ]
    if needed:
        with metadata.Metadata(connection) as handle:
            partial_run_utils.snapshot(handle, ir, base_run_id=_base_run(handle, ir, needed))


def _base_run(
    handle: metadata.Metadata,
    ir: pipeline_pb2.Pipeline,
    needed: list[pipeline_pb2.Pipeline.PipelineOrNode],
) -> str:
    """Id of the latest run that finished every node of `needed`.

    TFX would take the latest run of all, even one that failed early or was partial itself.
    """
    pipeline = ir.pipeline_info.id
    runs = handle.store.get_contexts_by_type(constants.PIPELINE_RUN_CONTEXT_TYPE_NAME)
    missing: list[str] = []
    for run in sorted(runs, key=lambda run: run.create_time_since_epoch, reverse=True):
        done = _successful_nodes(handle, run)
        missing = [
            launching.node_id(node)
            for node in needed
            if compiler_utils.node_context_name(pipeline, launching.node_id(node)) not in done
        ]
        if not missing:
            return run.name
    names = ", ".join(missing or map(launching.node_id, needed))
    raise RunnerError(
        "nothing_to_reuse",
        f"no earlier run in this output folder finished {names}; run without --from first",
    )


def _successful_nodes(handle: metadata.Metadata, run: Any) -> set[str]:
    """Names of the node contexts with a successful execution in `run`."""
    return {
        context.name
        for execution in handle.store.get_executions_by_context(run.id)
        if execution_lib.is_execution_successful(execution)
        for context in handle.store.get_contexts_by_execution(execution.id)
    }


def run(
    ir: pipeline_pb2.Pipeline,
    connection: metadata_store_pb2.ConnectionConfig,
    *,
    sink: events.EventSink,
    describe: launching.Describe = lambda outputs: {},
    beam_args: Sequence[str] = (),
    from_node: str = "",
    to_node: str = "",
) -> None:
    """Runs the compiled graph, or the part of it from `from_node` to `to_node`.

    A partial run starts from the latest run that has what it needs.

    Args:
      ir: Compiled graph, as `ir.compile_graph` returns it, bound to the run.
      connection: Connection to the ML Metadata store.
      sink: Function that gets every event, in order.
      describe: Turns the outputs of a node, by key, into facts for its last event.
      beam_args: Arguments of Beam pipelines, as `beam.arguments` returns them.
      from_node: First node to run, with all that is between it and the end; empty = all.
      to_node: Last node to run, with all that it needs; empty = all.

    Raises:
      RunnerError: A name is unknown, a partial run has nothing to start from, or a node failed
        without an exception of its own.
      BaseException: Whatever a node's driver or executor raises, as it is.
    """
    launcher = launching.NodeLauncher(
        ir, connection, sink=sink, describe=describe, beam_args=beam_args
    )
    sink(events.Planned(nodes=tuple(launching.node_id(node) for node in ir.nodes)))
    if from_node or to_node:
        prepare_range(connection, ir, from_node=from_node, to_node=to_node)
    for node in ir.nodes:
        launcher.launch(node.pipeline_node)
