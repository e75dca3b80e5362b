"""The first step of a Kubeflow run: everything that can be wrong is told before the first node."""

import logging
import pathlib
import secrets
from collections.abc import Mapping

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.portable.mlmd import common_utils, context_lib
from tfx.proto.orchestration import pipeline_pb2

from pipeline import parameters
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.journal import events
from pipeline.journal.log import Follower, Journal
from pipeline.journal.run_folder import RunFolder
from pipeline.metadata import connection, ownership, readiness
from pipeline.runners import bundle, ir


def prepare(parcel: bundle.Bundle, folder: RunFolder, arguments: Mapping[str, str]) -> None:
    """Checks code, arguments and metadata; writes what the other steps read. Safe to repeat.

    Args:
      parcel: The compiled pipeline.
      folder: Of this run.
      arguments: Of this run, as text, by configuration key.

    Raises:
      CodeMismatchError: Other code compiled the pipeline.
      ConfigError: An argument is refused.
      MetadataError: The metadata store is not ready.
    """
    bundle.check_code(parcel)
    config = parameters.with_arguments(parcel.config, arguments)
    ownership.claim(config)
    readiness.ensure_ready(config)
    _write(bundle.path_below(config.output, parcel.digest), parcel.text)
    _write(folder.config, load.dump(config))
    graph = parcel.ir()
    ir.bind(graph, run_id=folder.run_id, values=parameters.values(config))
    _register(graph, connection.connection(config))
    _open_journal(folder, config, graph)
    logging.info("run %s of %s is prepared", folder.run_id, config.name)


def _write(path: pathlib.Path, text: str) -> None:
    """Writes a file that is never changed; another process sees all of it or none."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


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
    """Tells how the run begins, unless an earlier attempt or the command that runs it has."""
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
