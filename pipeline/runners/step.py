"""Container steps that need TFX: `prepare` before the first node, and one node of the graph."""

import logging
import pathlib
from collections.abc import Mapping

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.common import resolver
from tfx.orchestration import metadata
from tfx.orchestration.portable.mlmd import common_utils, context_lib
from tfx.proto.orchestration import pipeline_pb2

from pipeline import parameters
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import connection, readiness
from pipeline.runners import beam, bundle, ir, launching, node_facts
from pipeline.runs import events
from pipeline.runs import journal as runs_journal
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Follower, Journal
from schemas import files, names


def run_node(
    parcel: bundle.Bundle, folder: RunFolder, node_id: str, sink: events.EventSink
) -> None:
    """Launches one node; a second attempt goes on with the execution of the first.

    Args:
      parcel: The compiled pipeline.
      folder: Folder of the run, as `prepare` left it.
      node_id: Id of the node to launch.
      sink: Function that gets every event, in order.

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
    found = [entry.pipeline_node for entry in graph.nodes if launching.node_id(entry) == node_id]
    if not found:
        raise names.unknown_node(node_id, list(ir.upstream(graph)))
    readiness.ensure_ready(config)
    store = connection.connection(config)
    with runs_journal.forwarded(sink) as forwarding_sink:
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
        if is_resolver and launching.is_done(store, node):
            launcher.repeat(node)
        else:
            launcher.launch(node)


def prepare(parcel: bundle.Bundle, folder: RunFolder, arguments: Mapping[str, str]) -> None:
    """Checks code, arguments and metadata; writes what the other steps read. Safe to repeat.

    Args:
      parcel: The compiled pipeline.
      folder: Folder of the run.
      arguments: Values that the run sets, as text, by configuration key.

    Raises:
      RunnerError: `code_mismatch`: Other code compiled the pipeline.
      ConfigError: An argument is refused.
      MetadataError: The metadata store is not ready.
    """
    bundle.check_code(parcel)
    config = parameters.with_arguments(parcel.config, arguments)
    readiness.claim(config)
    readiness.ensure_ready(config)
    _write(bundle.path_below(config.output, parcel.digest), parcel.text)
    _write(folder.config, load.dump(config))
    graph = parcel.ir()
    ir.bind(graph, run_id=folder.run_id, values=parameters.values(config))
    _register(graph, connection.connection(config))
    _open_journal(folder, config, graph)
    logging.info("run %s of %s is prepared", folder.run_id, config.name)


def _write(path: pathlib.Path, text: str) -> None:
    """Writes a file that is never changed."""
    if not path.exists():
        files.write(path, text)


def _register(graph: pipeline_pb2.Pipeline, store: metadata_store_pb2.ConnectionConfig) -> None:
    """Registers every type and context, alone: parallel steps then only find them."""
    with metadata.Metadata(store) as handle:
        common_utils.register_type_if_not_exist(
            handle, metadata_store_pb2.ContextType(name=context_lib.CONTEXT_TYPE_EXECUTION_CACHE)
        )
        for entry in graph.nodes:
            node = entry.pipeline_node
            common_utils.register_type_if_not_exist(handle, node.node_info.type)
            for output in node.outputs.outputs.values():
                common_utils.register_type_if_not_exist(handle, output.artifact_spec.type)
            context_lib.prepare_contexts(handle, node.contexts)


def _open_journal(folder: RunFolder, config: PipelineConfig, graph: pipeline_pb2.Pipeline) -> None:
    """Writes how the run begins, unless an earlier attempt or the command that runs it has."""
    told = {type(event) for event in Follower(folder.journal).read()}
    journal = Journal(folder.journal)
    if events.RunStarted not in told:
        journal.append(
            events.RunStarted(
                run_id=folder.run_id,
                pipeline=config.name,
                num_clips=config.clip.num_clips,
                notice=config.data.notice,
            )
        )
    if events.Planned not in told:
        journal.append(events.Planned(nodes=tuple(ir.upstream(graph))))
