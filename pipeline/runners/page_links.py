"""Links from executions in ML Metadata to the pages that show what they made."""

from collections.abc import Mapping
from typing import Final

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.tree import PipelineConfig
from pipeline.metadata import connection

# Custom property of an execution: the address of a page, written as those of artifacts are. No
# cache key holds it: those are made of a node's inputs and parameters.
PROPERTY: Final = "dashboard"


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
        execution.custom_properties[PROPERTY].string_value = address
        linked.append(execution)
    if linked:
        store = metadata_store.MetadataStore(connection.connection(config))
        store.put_executions(linked, field_mask_paths=[f"custom_properties.{PROPERTY}"])
