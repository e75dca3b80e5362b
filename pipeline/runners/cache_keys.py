"""Cache keys that a history keeps when it moves to another metadata store.

TFX hashes every input artifact as the store has it: with its id, its type's id and its URI. After
`deepfake metadata copy` all of these are others, and nothing behind the first node would be found
in the cache. Here an artifact is known by what a copy carries over: type, moment of creation, the
end of its URI (node, output key, execution), name and properties.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration.portable import cache_utils

from pipeline.metadata import references

_OF_THE_STORE: Final = ("id", "type_id", "external_id", "last_update_time_since_epoch")
_NUM_PARTS: Final = 3  # node, output key, execution


class _Input(NamedTuple):
    """What TFX's hash reads of an artifact."""

    mlmd_artifact: metadata_store_pb2.Artifact


def install() -> None:
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
    for name in references.ARTIFACT_IDS | references.URIS:
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
