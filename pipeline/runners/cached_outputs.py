"""Outputs of a cached execution, paired with their keys by event and never by position.

TFX zips three separate answers of the metadata store: events, artifacts and types. Databases
other than SQLite return rows in any order, and then `blessing` and `evaluation` change places
and Pusher sees no blessing. Found in TFX 1.21, `tfx.orchestration.portable.cache_utils`.
"""

import collections

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration import metadata
from tfx.orchestration.portable import cache_utils
from tfx.types import artifact_utils


def install() -> None:
    """Makes TFX's cache look-up of this process use `outputs_of_execution`."""
    cache_utils._get_outputs_of_execution = outputs_of_execution


def outputs_of_execution(
    handle: metadata.Metadata, execution_id: int
) -> dict[str, list[types.Artifact]] | None:
    """Output artifacts of an execution by key, in the order of their indices.

    Returns:
      None where an artifact is not LIVE: a partial result is no cache hit.
    """
    events = [
        event
        for event in handle.store.get_events_by_execution_ids([execution_id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    found = handle.store.get_artifacts_by_id(sorted({event.artifact_id for event in events}))
    if any(artifact.state != metadata_store_pb2.Artifact.LIVE for artifact in found):
        return None
    artifacts = {artifact.id: artifact for artifact in found}
    type_ids = sorted({artifact.type_id for artifact in found})
    kinds = {kind.id: kind for kind in handle.store.get_artifact_types_by_id(type_ids)}
    outputs = collections.defaultdict(list)
    for event in sorted(events, key=lambda event: _place(event.path)):
        artifact = artifacts[event.artifact_id]
        kind = kinds[artifact.type_id]
        outputs[event.path.steps[0].key].append(artifact_utils.deserialize_artifact(kind, artifact))
    return dict(outputs)


def _place(path: metadata_store_pb2.Event.Path) -> tuple[str, int]:
    return path.steps[0].key, path.steps[1].index
