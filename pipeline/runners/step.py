"""One node of a compiled pipeline, in a process of its own."""

from tfx.dsl.components.common import resolver

from pipeline import parameters
from pipeline.config import load
from pipeline.journal import events, progress
from pipeline.journal.run_folder import RunFolder
from pipeline.metadata import connection, readiness
from pipeline.reports import node_facts
from pipeline.runners import beam, bundle, errors, executions, ir, launching


def run_node(
    parcel: bundle.Bundle, folder: RunFolder, node_id: str, sink: events.EventSink
) -> None:
    """Launches one node; a second attempt goes on with the execution of the first.

    Args:
      parcel: The compiled pipeline.
      folder: Of this run, as `preparation.prepare` left it.
      node_id: Of the node.
      sink: Is told every step.

    Raises:
      RunnerError: No such node, other code, or ML Metadata says that the node failed.
      ConfigError: The run's configuration is gone.
      MetadataError: The metadata store is not ready.
      BaseException: Whatever the node's driver or executor raises, as it is.
    """
    bundle.check_code(parcel)
    config = load.load(folder.config)
    graph = parcel.ir()
    ir.bind(graph, run_id=folder.run_id, values=parameters.values(config))
    found = [entry.pipeline_node for entry in graph.nodes if executions.node_id(entry) == node_id]
    if not found:
        raise errors.UnknownNodeError(node_id, list(ir.upstream(graph)))
    readiness.ensure_ready(config)
    store = connection.connection(config)
    with progress.forwarded(sink) as forwarding_sink:
        launcher = launching.NodeLauncher(
            graph,
            store,
            sink=forwarding_sink,
            describe=node_facts.of_outputs,
            beam_args=beam.arguments(config.beam),
        )
        [node] = found
        # Components find their own execution again; a resolver would register a second one.
        is_resolver = node.node_info.type.name == resolver.Resolver.get_class_type()
        if is_resolver and executions.is_done(store, node):
            launcher.repeat(node)
        else:
            launcher.launch(node)
