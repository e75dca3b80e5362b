"""Frame encoders: pixels of a face crop to a feature vector.

A vector holds the content of the crop, and for the pre-trained encoder also its texture: mean and
deviation of two middle blocks. Traces of forgery are a matter of texture, which the top layers of
a network trained on objects leave out (RINE, arXiv 2402.19091, takes intermediate blocks for it).

`efficientnet_lite0`: EfficientNet-Lite0 (Tan and Le, arXiv 1905.11946; the Lite variant of
tensorflow/tpu drops squeeze-and-excitation and swaps swish for ReLU6), ImageNet weights.
`small_cnn`: five strided convolutions from scratch, for tests and for very small crops.
"""

import dataclasses
from typing import Any, Final

import keras
from keras import layers, ops

from pipeline.config.sections import TrainingConfig
from pipeline.model import weights
from schemas.errors import DeepfakeError

LITE0: Final = "efficientnet_lite0"
CLASSIFIER: Final = frozenset(("_fc.weight", "_fc.bias"))  # of ImageNet; the encoder has none


@dataclasses.dataclass(frozen=True)
class _Stage:
    expand: int
    channels: int
    repeats: int
    stride: int
    kernel: int


_STAGES: Final = (
    _Stage(1, 16, 1, 1, 3),
    _Stage(6, 24, 2, 2, 3),
    _Stage(6, 40, 2, 2, 5),
    _Stage(6, 80, 3, 2, 3),
    _Stage(6, 112, 3, 1, 5),
    _Stage(6, 192, 4, 2, 5),
    _Stage(6, 320, 1, 1, 3),
)
_CONTENT: Final = 1280
_NUM_BLOCKS: Final = sum(stage.repeats for stage in _STAGES)
_TEXTURE_BLOCKS: Final = (7, 10)  # the last ones of 80 and of 112 channels
_SMALL_CHANNELS: Final = (16, 32, 64, 96, 128)


def is_pretrained(config: TrainingConfig) -> bool:
    """Whether the encoder starts from ImageNet weights, so that its heads are trained first."""
    return config.encoder == LITE0


def build(config: TrainingConfig, crop_size: int, *, policy: str = "float32") -> keras.Model:
    """Builds the encoder, with its ImageNet weights where it has some; frozen in that case.

    Args:
      config: Settings of the training; used are `encoder` and `dropout`.
      crop_size: S, side of a crop, in pixels.
      policy: Keras dtype policy of the layers.

    Returns:
      A model from [B, S, S, 3] uint8 RGB to [B, D] float features: D is 1664, with the content
      (1280, the `content_width`) first and the texture (384) after it, or 128 of content alone.
    """
    pixels = keras.Input((crop_size, crop_size, 3), dtype="uint8")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, dtype=policy)(pixels)
    if not is_pretrained(config):
        return keras.Model(pixels, _small_cnn(x, config.dropout, policy), name=config.encoder)
    encoder = keras.Model(pixels, _lite0(x, policy), name=config.encoder)
    left_over = weights.assign(encoder, weights.read_state_dict(weights.find_lite0()))
    if left_over != CLASSIFIER:
        raise DeepfakeError(
            "encoder_weights",
            f"the weights file and the encoder differ by {sorted(left_over ^ CLASSIFIER)}",
        )
    encoder.trainable = False
    return encoder


def content_width(config: TrainingConfig) -> int:
    """How many of the features, from the first, are content; the others are texture."""
    return _CONTENT if is_pretrained(config) else _SMALL_CHANNELS[-1]


def unfreeze(encoder: keras.Model, blocks: int) -> None:
    """Makes the last `blocks` blocks and the head convolution trainable, batch norm excepted.

    0 leaves the encoder frozen; all 16 include the stem.

    Batch statistics of a few correlated frames of a few faces would be worse than ImageNet's, so
    they stay as they are (and Keras then runs these layers in inference mode).
    """
    first = _NUM_BLOCKS - blocks
    encoder.trainable = True
    for layer in encoder.layers:
        chosen = _block(layer.name) >= first or blocks == _NUM_BLOCKS
        layer.trainable = blocks > 0 and chosen and not _is_batch_norm(layer)


def _block(name: str) -> int:
    """Number of the block that the layer `name` belongs to: -1 before the first, 16 after all."""
    head, _, _ = name.partition("_")
    if head.startswith("block"):
        return int(head.removeprefix("block"))
    return -1 if name == "conv_stem" else _NUM_BLOCKS


def _is_batch_norm(layer: Any) -> bool:
    return isinstance(layer, layers.BatchNormalization)


def _lite0(x: Any, policy: str) -> Any:
    """Layer names follow the weights file: see `weights.state_name`."""
    x = layers.Conv2D(
        32, 3, strides=2, padding="same", use_bias=False, name="conv_stem", dtype=policy
    )(x)
    x = _norm_relu6(x, "bn0", policy)
    block, texture = 0, []
    for stage in _STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            x = _inverted_residual(x, stage, stride, f"block{block:02d}", policy)
            texture += _moments(x) if block in _TEXTURE_BLOCKS else []
            block += 1
    x = layers.Conv2D(_CONTENT, 1, use_bias=False, name="conv_head", dtype=policy)(x)
    content = ops.mean(_norm_relu6(x, "bn1", policy), axis=(1, 2))
    return ops.concatenate([ops.cast(content, "float32"), *texture], axis=-1)


def _moments(x: Any) -> list[Any]:
    """Mean and standard deviation over the picture: [B, H, W, C] to two of [B, C] float32."""
    exact = ops.cast(x, "float32")
    variance = ops.var(exact, axis=(1, 2))
    # A flat picture has no deviation, and the root no gradient there.
    return [ops.mean(exact, axis=(1, 2)), ops.sqrt(variance + 1e-6)]


def _inverted_residual(x: Any, stage: _Stage, stride: int, name: str, policy: str) -> Any:
    shortcut, width = x, x.shape[-1]
    if stage.expand != 1:
        x = layers.Conv2D(
            width * stage.expand, 1, use_bias=False, name=f"{name}_expand_conv", dtype=policy
        )(x)
        x = _norm_relu6(x, f"{name}_bn0", policy)
    x = layers.DepthwiseConv2D(
        stage.kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        name=f"{name}_depthwise_conv",
        dtype=policy,
    )(x)
    x = _norm_relu6(x, f"{name}_bn1", policy)
    x = layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{name}_project_conv", dtype=policy)(
        x
    )
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn2", dtype=policy)(x)
    if stride == 1 and width == stage.channels:
        x = layers.Add(dtype=policy)([x, shortcut])
    return x


def _norm_relu6(x: Any, name: str, policy: str) -> Any:
    x = layers.BatchNormalization(epsilon=1e-3, name=name, dtype=policy)(x)
    return layers.ReLU(6, dtype=policy)(x)


def _small_cnn(x: Any, dropout: float, policy: str) -> Any:
    for channels in _SMALL_CHANNELS:
        x = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False, dtype=policy)(x)
        x = layers.BatchNormalization(momentum=0.9, dtype=policy)(x)
        x = layers.ReLU(dtype=policy)(x)
    return layers.Dropout(dropout, dtype=policy)(layers.GlobalAveragePooling2D(dtype=policy)(x))
