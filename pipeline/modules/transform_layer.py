"""The Transform graph as a part of the exported model."""

from typing import Any, Final

import tensorflow as tf
import tensorflow_transform as tft

from schemas import features

# Of N values each; the signature answers with what Transform derives, and that needs none of them.
_PER_FRAME: Final = frozenset((*features.MODEL_KEYS, features.FRAME_TIMES))
_UNKNOWN: Final = {tf.int64: -1, tf.float32: 0.0, tf.string: ""}


class ExampleTransform(tf.Module):
    """Serialized track examples to their transformed features, frames left out.

    Call: examples [B] string to tensors [B, 1] by key. What an unlabelled example lacks comes out
    as -1, 0 or the empty string.

    Args:
      output: What the Transform component wrote.
    """

    def __init__(self, output: tft.TFTransformOutput) -> None:
        super().__init__()
        self._layer = output.transform_features_layer()  # tracked: it owns the vocabularies
        self._spec = {
            key: tf.io.FixedLenFeature(spec.shape, spec.dtype, _default(spec))
            for key, spec in output.raw_feature_spec().items()
            if key not in _PER_FRAME
        }

    def __call__(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(self._layer(tf.io.parse_example(examples, self._spec)))


def _default(spec: tf.io.FixedLenFeature) -> list[Any]:
    return [_UNKNOWN[spec.dtype]] * spec.shape[0]
