"""JPEG crops to pixels: the one function that training and every serving signature call."""

import tensorflow as tf


@tf.autograph.experimental.do_not_convert
def decode_crops(jpegs: tf.Tensor, crop_size: int) -> tf.Tensor:
    """Decodes face crops exactly as the encoder of the crops (libjpeg) would read them back.

    Args:
      jpegs: [N] string, JPEG files; an empty string stands for a black filler.
      crop_size: S, side of every crop, in pixels.

    Returns:
      [N, S, S, 3] uint8 RGB.

    Raises:
      tf.errors.InvalidArgumentError: A string is no JPEG, or its picture is not S by S.
    """
    black = tf.zeros((crop_size, crop_size, 3), tf.uint8)

    def decode(jpeg: tf.Tensor) -> tf.Tensor:
        picture = tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")
        message = f"crops must be {crop_size} by {crop_size} pixels"
        fits = tf.reduce_all(tf.shape(picture)[:2] == crop_size)
        with tf.control_dependencies([tf.debugging.Assert(fits, [message, tf.shape(picture)])]):
            return tf.reshape(picture, black.shape)

    def one(jpeg: tf.Tensor) -> tf.Tensor:
        return tf.cond(tf.equal(tf.strings.length(jpeg), 0), lambda: black, lambda: decode(jpeg))

    return tf.map_fn(one, jpegs, fn_output_signature=tf.TensorSpec(black.shape, tf.uint8))
