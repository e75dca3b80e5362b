"""Transform's entry point: derived context features; what the model sees passes through as it is.

Decoding here would make the examples five times larger, so JPEG bytes stay bytes until the input
pipeline and the serving signature decode them with one function.
"""

from typing import Any

import tensorflow_transform as tft

from schemas import features


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, Any]:
    """Adds, under `features.transformed(key)`, what StatisticsGen and slicing can compare.

    Numeric context [B, 1] float becomes its z-score over the training split. A slice key [B, 1]
    string becomes its int64 rank in the vocabulary of the training split, most frequent first;
    values unseen there get the number after the last one.

    Args:
      inputs: Raw features by key, as the schema shapes them.

    Returns:
      All of them unchanged, and the derived ones.
    """
    outputs = dict(inputs)
    for key in features.NUMERIC_KEYS:
        outputs[features.transformed(key)] = tft.scale_to_z_score(inputs[key])
    for key in features.SLICE_KEYS:
        outputs[features.transformed(key)] = tft.compute_and_apply_vocabulary(
            inputs[key], num_oov_buckets=1, vocab_filename=key
        )
    return outputs
