"""Local runner: launches the nodes of a compiled graph one by one, in this process."""

from collections.abc import Sequence

from ml_metadata.proto import metadata_store_pb2
from tfx.proto.orchestration import pipeline_pb2

from pipeline.journal import events
from pipeline.runners import executions, launching, partial


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
      ir: From `ir.compile_graph`, bound to the run.
      connection: Of the ML Metadata store.
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
    launcher = launching.NodeLauncher(
        ir, connection, sink=sink, describe=describe, beam_args=beam_args
    )
    sink(events.Planned(nodes=tuple(executions.node_id(node) for node in ir.nodes)))
    if from_node or to_node:
        partial.prepare(connection, ir, from_node=from_node, to_node=to_node)
    for node in ir.nodes:
        launcher.launch(node.pipeline_node)
