"""The detector: a frame encoder under the heads, as one Keras model."""

import dataclasses

import keras
from keras import ops

from pipeline.config.sections import TrainingConfig
from pipeline.model import encoder as encoders
from pipeline.model import temporal
from schemas.clip_spec import ClipSpec


@dataclasses.dataclass(frozen=True)
class Detector:
    """Three models that share their weights.

    Attributes:
      encoder: Frames [B, S, S, 3] uint8 RGB to features [B, D].
      head: Features [B, T, D] and present [B, T] to logits; see `temporal.build_head`.
      model: Frames [B, T, S, S, 3] uint8 RGB and present [B, T] float32 to the same logits.
    """

    encoder: keras.Model
    head: keras.Model
    model: keras.Model

    def close_gate(self) -> None:
        """Takes the recurrent head out: the clip logit becomes the mean of the frame logits."""
        self.head.get_layer(temporal.GATE).close()


def build(config: TrainingConfig, clip: ClipSpec, *, policy: str = "float32") -> Detector:
    """Builds the detector; a pre-trained encoder has its weights and is frozen.

    Args:
      config: Sizes of the layers, and which encoder.
      clip: Its `num_frames` (T) and `crop_size` (S) count.
      policy: Keras dtype policy of the encoder; the heads are always float32.
    """
    encoder = encoders.build(config, clip.crop_size, policy=policy)
    width = encoder.output_shape[-1]
    content = encoders.content_width(config)
    head = temporal.build_head(config, clip.num_frames, width, content)
    frames = keras.Input((clip.num_frames, clip.crop_size, clip.crop_size, 3), dtype="uint8")
    present = keras.Input((clip.num_frames,), dtype="float32")
    crops = ops.reshape(frames, (-1, clip.crop_size, clip.crop_size, 3))
    features = ops.cast(encoder(crops), "float32")
    features = ops.reshape(features, (-1, clip.num_frames, width))
    model = keras.Model((frames, present), head((features, present)), name="detector")
    return Detector(encoder, head, model)


def in_float32(detector: Detector, config: TrainingConfig, clip: ClipSpec) -> Detector:
    """The same detector with a float32 encoder, for export; equal weights."""
    exact = build(config, clip)
    exact.model.set_weights(detector.model.get_weights())
    return exact
