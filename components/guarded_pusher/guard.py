"""The guard: what speaks against a push. TFX reads a missing blessing as "push"; this does not."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tfx import types
from tfx.types import standard_artifacts

from components.guarded_pusher import keys

Artifacts = Mapping[str, Sequence[types.Artifact]]

_REQUIRED: Final = {
    keys.MODEL_BLESSING: standard_artifacts.ModelBlessing.TYPE_NAME,
    keys.INFRA_BLESSING: standard_artifacts.InfraBlessing.TYPE_NAME,
}
_VERTEX_IDS: Final = 1 << 63  # as `kubeflow_v2_entrypoint_utils` of TFX has it


def refusals(inputs: Artifacts) -> list[str]:
    """Reasons not to push, one sentence each; empty if both blessings are there and say 1.

    Type, property and judged model are read from the artifacts themselves: neither the name of the
    input nor the order in which a metadata store returns artifacts is trusted.
    """
    return list(_refusals(inputs))


def _refusals(inputs: Artifacts) -> Iterator[str]:
    models = inputs.get(keys.MODEL, ())
    if len(models) != 1:
        yield f"{keys.MODEL}: expected one Model, got {len(models)}"
    for name, type_name in _REQUIRED.items():
        found = inputs.get(name, ())
        if len(found) != 1:
            yield f"{name}: expected one {type_name}, got {len(found)}"
        elif found[0].type_name != type_name:
            yield f"{name}: expected one {type_name}, got one {found[0].type_name}"
        elif not _says_blessed(found[0]):
            yield f"{name}: the {type_name} does not say {keys.BLESSED} = 1"
        elif len(models) == 1 and not _judges(found[0], models[0]):
            judged = found[0].get_int_custom_property(keys.CURRENT_MODEL_ID)
            yield f"{name}: it judges the model artifact {judged}, not {models[0].id}"


def _says_blessed(blessing: types.Artifact) -> bool:
    return (
        blessing.has_custom_property(keys.BLESSED)
        and blessing.get_int_custom_property(keys.BLESSED) == 1
    )


def _judges(blessing: types.Artifact, model: types.Artifact) -> bool:
    """Whether the blessing names `model`, or (as TFX's InfraValidator) no model at all."""
    if not blessing.has_custom_property(keys.CURRENT_MODEL_ID):
        return True
    name = blessing.get_string_custom_property(keys.CURRENT_MODEL_ID)
    if name:  # Vertex AI: TFX writes the model's resource name there, and makes its id of that
        digest = hashlib.sha256(name.encode()).hexdigest()
        return bool(model.id == int(digest, 16) % _VERTEX_IDS)
    judged: int = blessing.get_int_custom_property(keys.CURRENT_MODEL_ID)
    # Vertex AI keeps numbers as doubles; ids of ML Metadata are too small to lose a digit by it.
    return judged in (model.id, int(float(model.id)))
