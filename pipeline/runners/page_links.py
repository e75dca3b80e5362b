"""Links from executions in ML Metadata to the pages that show what they made."""

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config.tree import PipelineConfig
from pipeline.journal.dashboard_folder import ENDED_PROPERTY, LINK_PROPERTY
from pipeline.metadata import connection


class Link(NamedTuple):
    """Address of a page, and when the node that it shows ended."""

    address: str
    ended: datetime.datetime


def write(config: PipelineConfig, links: Mapping[int, Link]) -> None:
    """Writes a link into each execution, and touches nothing else of it.

    The store merges these properties by itself: what somebody publishes at the same time stays.

    Args:
      config: Names the store.
      links: By id of the execution.
    """
    linked = []
    for execution_id, link in links.items():
        execution = metadata_store_pb2.Execution(id=execution_id)
        execution.custom_properties[LINK_PROPERTY].string_value = link.address
        ended = link.ended.isoformat(timespec="milliseconds")
        execution.custom_properties[ENDED_PROPERTY].string_value = ended
        linked.append(execution)
    if linked:
        names = (LINK_PROPERTY, ENDED_PROPERTY)
        store = metadata_store.MetadataStore(connection.connection(config))
        store.put_executions(
            linked, field_mask_paths=[f"custom_properties.{name}" for name in names]
        )
