"""Models: finding a version, loading it, running its signatures. Knows no gRPC."""

import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from schemas.errors import ServingError

SAVED_MODEL_FILE = "saved_model.pb"
SOLE_VERSION = 1  # of a folder that is itself a SavedModel

Arrays = dict[str, np.ndarray[Any, Any]]


class Status(NamedTuple):
    """State of a version, one of `ModelVersionStatus`, and why it ended."""

    version: int
    state: int
    error: str = ""


class Servable:
    """A loaded version of a model.

    Attributes:
      signature_defs: Signatures as the SavedModel describes them, by name.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._loaded = tf.saved_model.load(str(path))  # owns the variables of the signatures
        self.signature_defs = _signature_defs(path)

    def run(self, signature: str, inputs: Arrays, output_filter: Iterable[str] = ()) -> Arrays:
        """Calls a signature.

        Args:
          signature: Name of the signature.
          inputs: One array per input, of its dtype and a compatible shape.
          output_filter: Outputs to return; all if empty.

        Raises:
          ServingError: `failed_precondition`: There is no such signature.
          ServingError: `invalid_argument`: Names, dtypes or shapes do not fit.
        """
        if signature not in self._loaded.signatures:
            known = ", ".join(sorted(self._loaded.signatures))
            raise ServingError(
                "failed_precondition",
                f'Serving signature key "{signature}" not found; the model has {known}',
            )
        function = self._loaded.signatures[signature]
        _, specs = function.structured_input_signature
        outputs = function(**_tensors(inputs, specs))
        wanted = list(output_filter) or sorted(outputs)
        unknown = sorted(set(wanted) - set(outputs))
        if unknown:
            raise ServingError(
                "invalid_argument",
                f"output_filter names unknown outputs {unknown}; there are {sorted(outputs)}",
            )
        return {name: outputs[name].numpy() for name in wanted}


class Model:
    """One served name and its version; version policies and reloading are not there yet."""

    def __init__(self, name: str, base_path: str | pathlib.Path) -> None:
        """Finds the newest version below `base_path`.

        Raises:
          FileNotFoundError: There is none.
        """
        self.name = name
        version, self._path = find_version(pathlib.Path(base_path))
        self._servable: Servable | None = None
        self.status = Status(version, ModelVersionStatus.START)

    def load(self) -> None:
        """Loads the version; a SavedModel that cannot be loaded ends it, with the reason."""
        version = self.status.version
        self.status = Status(version, ModelVersionStatus.LOADING)
        try:
            self._servable = Servable(self._path)
        except (OSError, ValueError, tf.errors.OpError) as error:
            self.status = Status(version, ModelVersionStatus.END, f"{self._path}: {error}")
        else:
            self.status = Status(version, ModelVersionStatus.AVAILABLE)

    def servable(self, name: str, version: int | None = None) -> Servable:
        """The loaded model for a request that asks for `name`, and maybe for one version.

        Raises:
          ServingError: `not_found`: Another model or version is served here.
          ServingError: `unavailable`: The version is not available.
        """
        self.check(name, version)
        if self._servable is None:
            state = ModelVersionStatus.State.Name(self.status.state)
            raise ServingError("unavailable", f"model {name} is {state}: {self.status.error}")
        return self._servable

    def check(self, name: str, version: int | None = None) -> None:
        """Raises ServingError `not_found` if a request does not mean this model and version."""
        if name != self.name or version not in (None, self.status.version):
            asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise ServingError("not_found", f"Servable not found for request: {asked}")


def find_version(base_path: pathlib.Path) -> tuple[int, pathlib.Path]:
    """Newest numbered folder below `base_path`, or `base_path` itself if it is a SavedModel.

    Raises:
      FileNotFoundError: Neither is there.
    """
    if (base_path / SAVED_MODEL_FILE).is_file():
        return SOLE_VERSION, base_path
    children = base_path.iterdir() if base_path.is_dir() else ()
    versions = {int(child.name): child for child in children if child.name.isdecimal()}
    if not versions:
        raise FileNotFoundError(f"no version and no {SAVED_MODEL_FILE} found in {base_path}")
    newest = max(versions)
    return newest, versions[newest]


def _tensors(inputs: Arrays, specs: Mapping[str, Any]) -> dict[str, Any]:
    extra, missing = sorted(set(inputs) - set(specs)), sorted(set(specs) - set(inputs))
    if extra or missing:
        raise ServingError(
            "invalid_argument",
            f"inputs do not match the signature: sent extra {extra}, missing {missing}",
        )
    for name, spec in specs.items():
        value = inputs[name]
        dtype = tf.as_dtype(value.dtype)
        if dtype != spec.dtype or not spec.shape.is_compatible_with(value.shape):
            raise ServingError(
                "invalid_argument",
                f"input {name} must be {spec.dtype.name} {spec.shape}, "
                f"got {dtype.name} {tuple(value.shape)}",
            )
    return {name: tf.constant(value) for name, value in inputs.items()}


def _signature_defs(path: pathlib.Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    saved = saved_model_pb2.SavedModel.FromString((path / SAVED_MODEL_FILE).read_bytes())
    graphs = (
        graph for graph in saved.meta_graphs if tf.saved_model.SERVING in graph.meta_info_def.tags
    )
    return {name: entry for graph in graphs for name, entry in graph.signature_def.items()}
