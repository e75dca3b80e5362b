"""The detector: a frame encoder under the heads that join frames to a clip, as one Keras model.

The clip logit is a gated sum of a recurrent logit and the mean of the frame logits, because
recurrent heads do not always pay: the mean won the Deepfake Detection Challenge
(selimsef/dfdc_deepfake_challenge). Every function takes `present` [B, T] float32 in {0, 1}; an
absent frame is a filler that changes nothing.
"""

import dataclasses
from typing import Any, Final

import keras
from keras import layers, ops

from pipeline.config.sections import TrainingConfig
from pipeline.model import encoder as encoders
from schemas.clip_spec import ClipSpec

CLIP_LOGIT: Final = "clip_logit"
FRAME_LOGITS: Final = "frame_logits"
GATE: Final = "gate"

_CONTENT_UNITS: Final = 32
_FAR_BELOW: Final = -1e9  # added to the attention logit of an absent frame; finite on purpose


def build_head(config: TrainingConfig, num_frames: int, width: int, content: int) -> keras.Model:
    """Builds the heads, in float32 under any dtype policy.

    Args:
      config: Settings of the training; used are `dense_units`, `rnn_units` and `dropout`.
      num_frames: T, frames of a clip.
      width: D, features of a frame.
      content: How many of them, from the first, tell what is shown; they pass a narrow layer, or
        the heads would learn the people of the training split by heart.

    Returns:
      A model from (features [B, T, D] float32, present [B, T] float32) to a dictionary of
      CLIP_LOGIT [B] and FRAME_LOGITS [B, T], both float32 and 0 where nothing is present.
    """
    features = keras.Input((num_frames, width), dtype="float32")
    present = keras.Input((num_frames,), dtype="float32")
    mask = ops.cast(present, "bool")
    x = layers.BatchNormalization(momentum=0.9, dtype="float32")(features, mask=mask)
    x = _narrowed(x, content, config.dropout)
    x = layers.Dense(config.dense_units, activation="gelu", dtype="float32")(x)
    x = layers.LayerNormalization(dtype="float32")(x)
    x = layers.Dropout(config.dropout, dtype="float32")(x)
    frame_logits = layers.Dense(1, dtype="float32")(x)
    mean_logit = masked_mean(frame_logits, present)[:, 0]
    recurrent = _recurrent_logit(x, present, mask, config)
    clip_logit = Gate(name=GATE)(recurrent, mean_logit)
    outputs = {
        CLIP_LOGIT: clip_logit * ops.max(present, axis=1),
        FRAME_LOGITS: frame_logits[..., 0] * present,
    }
    return keras.Model((features, present), outputs, name="head")


def _narrowed(x: Any, content: int, dropout: float) -> Any:
    """[B, T, D] to [B, T, _CONTENT_UNITS + D - content]."""
    shown = layers.Dropout(dropout, dtype="float32")(x[..., :content])
    shown = layers.Dense(_CONTENT_UNITS, dtype="float32")(shown)
    return ops.concatenate([shown, x[..., content:]], axis=-1)


def masked_mean(values: Any, present: Any) -> Any:
    """Mean of `values` [B, T, D] over the present frames: [B, D]; zeros where none is."""
    total = ops.sum(values * present[..., None], axis=1)
    return total / ops.maximum(ops.sum(present, axis=1, keepdims=True), 1.0)


class AttentionPool(layers.Layer):
    """Weighted mean over the present frames (Ilse et al., arXiv 1802.04712).

    Call: values [B, T, D] and present [B, T] to [B, D] float32; zeros where no frame is present.
    """

    def __init__(self, units: int) -> None:
        super().__init__(dtype="float32")
        self.supports_masking = True  # Keras attaches the mask of the GRU: it is `present` again
        self._hidden = layers.Dense(units, activation="tanh", dtype="float32")
        self._score = layers.Dense(1, use_bias=False, dtype="float32")

    def build(self, values_shape: tuple[int | None, ...], present_shape: Any) -> None:
        self._hidden.build(values_shape)
        self._score.build((*values_shape[:-1], self._hidden.units))

    def compute_mask(self, *_: Any) -> None:
        """The output has no time axis, hence no mask."""

    def call(self, values: Any, present: Any) -> Any:
        scores = self._score(self._hidden(values))[..., 0] + (1 - present) * _FAR_BELOW
        weights = ops.softmax(scores, axis=1) * present
        return ops.sum(values * weights[..., None], axis=1)


class Gate(layers.Layer):
    """Learned share of the recurrent logit in the clip logit, and a switch that can close it.

    Call: recurrent [B] and mean [B] to [B] float32: s g recurrent + (1 - s g) mean, with the
    learned g in (0, 1), 0.5 at first, and the switch s, 1 until `close`.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name, dtype="float32")
        self._logit = self.add_weight(shape=(), initializer="zeros", name="logit")
        self._switch = self.add_weight(shape=(), initializer="ones", trainable=False, name="switch")

    def call(self, recurrent: Any, mean: Any) -> Any:
        share = self._switch * ops.sigmoid(self._logit)
        return share * recurrent + (1 - share) * mean

    def close(self) -> None:
        """Makes the mean of the frame logits the clip logit, from now on."""
        self._switch.assign(0.0)


def _recurrent_logit(x: Any, present: Any, mask: Any, config: TrainingConfig) -> Any:
    """Bidirectional GRU, then attention pooling joined with the mean: [B, T, D] to [B]."""
    # cuDNN takes masks of padding at the end only; a face may vanish in the middle of a clip.
    gru = layers.GRU(
        config.rnn_units, return_sequences=True, use_cudnn=False, unroll=True, dtype="float32"
    )
    states = layers.Bidirectional(gru, dtype="float32")(x, mask=mask)
    pooled = ops.concatenate(
        [AttentionPool(config.rnn_units)(states, present), masked_mean(states, present)], axis=-1
    )
    pooled = layers.Dropout(config.dropout, dtype="float32")(pooled)
    return layers.Dense(1, dtype="float32")(pooled)[:, 0]


@dataclasses.dataclass(frozen=True)
class Detector:
    """Three models that share their weights.

    Attributes:
      encoder: Frames [B, S, S, 3] uint8 RGB to features [B, D].
      head: Features [B, T, D] and present [B, T] to logits; see `build_head`.
      model: Frames [B, T, S, S, 3] uint8 RGB and present [B, T] float32 to the same logits.
    """

    encoder: keras.Model
    head: keras.Model
    model: keras.Model

    def close_gate(self) -> None:
        """Takes the recurrent head out: the clip logit becomes the mean of the frame logits."""
        self.head.get_layer(GATE).close()


def build_detector(config: TrainingConfig, clip: ClipSpec, *, policy: str = "float32") -> Detector:
    """Builds the detector; a pre-trained encoder has its weights and is frozen.

    Args:
      config: Sizes of the layers, and which encoder.
      clip: Geometry of a clip; used are `num_frames` (T) and `crop_size` (S).
      policy: Keras dtype policy of the encoder; the heads are always float32.
    """
    encoder = encoders.build(config, clip.crop_size, policy=policy)
    width = encoder.output_shape[-1]
    content = encoders.content_width(config)
    head = build_head(config, clip.num_frames, width, content)
    frames = keras.Input((clip.num_frames, clip.crop_size, clip.crop_size, 3), dtype="uint8")
    present = keras.Input((clip.num_frames,), dtype="float32")
    crops = ops.reshape(frames, (-1, clip.crop_size, clip.crop_size, 3))
    features = ops.cast(encoder(crops), "float32")
    features = ops.reshape(features, (-1, clip.num_frames, width))
    model = keras.Model((frames, present), head((features, present)), name="detector")
    return Detector(encoder, head, model)


def in_float32(detector: Detector, config: TrainingConfig, clip: ClipSpec) -> Detector:
    """The same detector with a float32 encoder, for export; equal weights."""
    exact = build_detector(config, clip)
    exact.model.set_weights(detector.model.get_weights())
    return exact
