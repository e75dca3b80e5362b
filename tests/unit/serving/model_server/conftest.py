"""A SavedModel that doubles numbers and decodes JPEGs, in version folders."""

import pathlib

import pytest
import tensorflow as tf


class Doubler(tf.Module):
    """Two signatures: numbers, and bytes that may be bad."""

    def __init__(self) -> None:
        super().__init__()
        self._factor = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="numbers")])
    def double(self, numbers: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"doubled": numbers * self._factor, "total": tf.reduce_sum(numbers, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, name="jpeg")])
    def decode(self, jpeg: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"height": tf.shape(tf.io.decode_jpeg(jpeg))[0]}


@pytest.fixture(scope="session")
def base_path(tmp_path_factory) -> pathlib.Path:
    """Versions 3 and 12, a hidden copy in progress and a file."""
    folder = tmp_path_factory.mktemp("serving") / "deepfake"
    module = Doubler()
    for version in ("3", "12"):
        tf.saved_model.save(
            module,
            str(folder / version),
            {"serving_default": module.double, "decode": module.decode},
        )
    (folder / ".incoming-99").mkdir()
    (folder / "notes.txt").write_text("no version")
    return folder
