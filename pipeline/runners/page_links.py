"""Links from executions in ML Metadata to the pages that show what they made."""

from collections.abc import Mapping

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.tree import PipelineConfig
from pipeline.journal.dashboard_folder import LINK_PROPERTY
from pipeline.metadata import connection


def write(config: PipelineConfig, addresses: Mapping[int, str]) -> None:
    """Writes the address of a page into each execution, and touches nothing else of it.

    The store merges the one property by itself: what somebody publishes at the same time stays.

    Args:
      config: Names the store.
      addresses: By id of the execution.
    """
    linked = []
    for execution_id, address in addresses.items():
        execution = metadata_store_pb2.Execution(id=execution_id)
        execution.custom_properties[LINK_PROPERTY].string_value = address
        linked.append(execution)
    if linked:
        store = metadata_store.MetadataStore(connection.connection(config))
        store.put_executions(linked, field_mask_paths=[f"custom_properties.{LINK_PROPERTY}"])
