"""TFX's cache, mended: keys that outlive a move to another store, and outputs paired by event.

TFX hashes every input artifact as the store has it: with its id, its type's id and its URI. After
`deepfake metadata copy` all of these are others, and nothing behind the first node would be found
in the cache. Here an artifact is known by what a copy carries over: type, moment of creation, the
end of its URI (node, output key, execution), name and properties.

TFX zips three separate answers of the metadata store: events, artifacts and types. Databases
other than SQLite return rows in any order, and then `blessing` and `evaluation` change places
and Pusher sees no blessing. Found in TFX 1.21, `tfx.orchestration.portable.cache_utils`.
"""

import collections
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration import metadata
from tfx.orchestration.portable import cache_utils
from tfx.types import artifact_utils

from schemas import names

_OF_THE_STORE: Final = ("id", "type_id", "external_id", "last_update_time_since_epoch")
_NUM_PARTS: Final = 3  # node, output key, execution


class _Input(NamedTuple):
    """What TFX's hash reads of an artifact."""

    mlmd_artifact: metadata_store_pb2.Artifact


def install_keys() -> None:
    """Makes TFX's cache look-up of this process use portable keys; once is enough."""
    original = cache_utils.get_cache_context
    if not isinstance(original, functools.partial):
        cache_utils.get_cache_context = functools.partial(_get_cache_context, original)


def portable(artifact: types.Artifact) -> metadata_store_pb2.Artifact:
    """The artifact without what another store, or another folder, would change."""
    record = metadata_store_pb2.Artifact()
    record.CopyFrom(artifact.mlmd_artifact)
    for field in _OF_THE_STORE:
        record.ClearField(field)
    record.type = artifact.type_name
    record.uri = "/".join(record.uri.rstrip("/").split("/")[-_NUM_PARTS:])
    for name in names.ARTIFACT_ID_PROPERTIES | names.ARTIFACT_URI_PROPERTIES:
        record.custom_properties.pop(name, None)
    return record


def _get_cache_context(
    original: Callable[..., metadata_store_pb2.Context],
    *arguments: Any,
    input_artifacts: Mapping[str, Sequence[types.Artifact]] | None = None,
    **others: Any,
) -> metadata_store_pb2.Context:
    """TFX's own key, of portable inputs."""
    inputs = {
        key: [_Input(portable(artifact)) for artifact in artifacts]
        for key, artifacts in (input_artifacts or {}).items()
    }
    return original(*arguments, input_artifacts=inputs, **others)


def install_outputs() -> None:
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
