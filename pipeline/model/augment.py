"""Clip-consistent augmentation: one draw of parameters per clip, applied to all its frames.

The label is no argument, so pristine and fake clips are treated alike; otherwise compression or
blur would become the label. The order is that of a camera and an upload: geometry, colour,
down-scaling, blur, noise, JPEG. Pure TensorFlow operations, stateless random numbers.
"""

from typing import Final

import numpy as np
import tensorflow as tf

_NUM_DRAWS: Final = 20
_MAX_ROTATION: Final = np.pi / 18  # 10 degrees, in radians
_TO_YIQ: Final = np.array(
    [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], np.float32
)
_FROM_YIQ: Final = np.linalg.inv(_TO_YIQ)


class _Draws:
    """Uniform random numbers of one clip, handed out in order."""

    def __init__(self, seed: tf.Tensor) -> None:
        self._numbers = iter(tf.unstack(tf.random.stateless_uniform([_NUM_DRAWS], seed)))

    def uniform(self, low: float, high: float) -> tf.Tensor:
        return low + (high - low) * next(self._numbers)

    def happens(self, probability: float) -> tf.Tensor:
        return next(self._numbers) < probability


@tf.autograph.experimental.do_not_convert
def augment_clip(frames: tf.Tensor, seed: tf.Tensor, strength: float) -> tf.Tensor:
    """Alters a clip.

    Args:
      frames: [T, S, S, 3] uint8 RGB.
      seed: [2] integers; equal seeds give equal parameters and equal noise.
      strength: Factor of the ranges below; 0 returns the frames as they are. At 1: mirror image
        (p 0.5), rotation up to 10 degrees (p 0.3), brightness +-25, contrast and saturation
        +-20 %, hue +-18 degrees (p 0.5), down-scaling to 50-100 % (p 0.3), Gaussian blur with
        sigma 0.3-1 pixels (p 0.1), noise with sigma up to 5 (p 0.1), JPEG quality 40-100 (p 0.5).

    Returns:
      [T, S, S, 3] uint8 RGB.
    """
    if strength == 0:
        return frames
    draws = _Draws(seed)
    mirrored = draws.happens(0.5)
    frames = tf.cond(mirrored, lambda: tf.reverse(frames, [2]), lambda: frames)
    pixels = tf.cast(frames, tf.float32)
    pixels = _rotate(pixels, draws, strength)
    pixels = _shift_colours(pixels, draws, strength)
    pixels = _downscale(pixels, draws, strength)
    pixels = _blur(pixels, draws, strength)
    pixels = _add_noise(pixels, draws, strength, seed)
    rounded = tf.cast(tf.clip_by_value(tf.round(pixels), 0, 255), tf.uint8)
    return tf.ensure_shape(_compress(rounded, draws, strength), frames.shape)


def _rotate(pixels: tf.Tensor, draws: _Draws, strength: float) -> tf.Tensor:
    chosen = draws.happens(0.3)
    angle = strength * draws.uniform(-_MAX_ROTATION, _MAX_ROTATION)

    def rotated() -> tf.Tensor:
        cosine, sine = tf.cos(angle), tf.sin(angle)
        centre = (pixels.shape[1] - 1) / 2
        shift_x = centre - centre * cosine + centre * sine
        shift_y = centre - centre * sine - centre * cosine
        transform = tf.stack([cosine, -sine, shift_x, sine, cosine, shift_y, 0.0, 0.0])
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pixels,
            transforms=transform[None],
            output_shape=pixels.shape[1:3],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="REFLECT",
        )

    return tf.cond(chosen, rotated, lambda: pixels)


def _shift_colours(pixels: tf.Tensor, draws: _Draws, strength: float) -> tf.Tensor:
    """Brightness, contrast, saturation and hue as one affine map of RGB (hue: turn in YIQ)."""
    chosen = draws.happens(0.5)
    brightness = strength * draws.uniform(-25, 25)
    contrast = tf.exp(strength * draws.uniform(-0.2, 0.2))
    saturation = tf.exp(strength * draws.uniform(-0.2, 0.2))
    hue = strength * draws.uniform(-np.pi / 10, np.pi / 10)

    def shifted() -> tf.Tensor:
        cosine, sine = saturation * tf.cos(hue), saturation * tf.sin(hue)
        turn = tf.stack([1.0, 0.0, 0.0, 0.0, cosine, -sine, 0.0, sine, cosine])
        matrix = contrast * _FROM_YIQ @ tf.reshape(turn, (3, 3)) @ _TO_YIQ
        flat = tf.reshape(pixels, (-1, 3))
        mapped = tf.matmul(flat, matrix, transpose_b=True) + brightness + 128 * (1 - contrast)
        return tf.reshape(mapped, pixels.shape)

    return tf.cond(chosen, shifted, lambda: pixels)


def _downscale(pixels: tf.Tensor, draws: _Draws, strength: float) -> tf.Tensor:
    chosen = draws.happens(0.3)
    factor = tf.maximum(1 - strength * draws.uniform(0, 0.5), 0.2)
    side = pixels.shape[1]

    def shrunk() -> tf.Tensor:
        small = tf.cast(tf.round(side * factor), tf.int32)
        reduced = tf.image.resize(pixels, (small, small), method="area")
        return tf.image.resize(reduced, (side, side), method="bilinear")

    return tf.cond(chosen, shrunk, lambda: pixels)


def _blur(pixels: tf.Tensor, draws: _Draws, strength: float) -> tf.Tensor:
    chosen = draws.happens(0.1)
    sigma = strength * draws.uniform(0.3, 1.0)

    def blurred() -> tf.Tensor:
        taps = tf.exp(-(tf.range(-2.0, 3.0) ** 2) / (2 * sigma**2))
        taps = tf.tile(tf.reshape(taps / tf.reduce_sum(taps), (5, 1, 1, 1)), (1, 1, 3, 1))
        ones = (1, 1, 1, 1)
        down = tf.nn.depthwise_conv2d(_edged(pixels, (2, 0)), taps, ones, "VALID")
        across = tf.transpose(taps, (1, 0, 2, 3))
        return tf.nn.depthwise_conv2d(_edged(down, (0, 2)), across, ones, "VALID")

    return tf.cond(chosen, blurred, lambda: pixels)


def _edged(pixels: tf.Tensor, margin: tuple[int, int]) -> tf.Tensor:
    """Mirrors `margin` (rows, columns) of pixels outwards, so that blur darkens no border."""
    rows, columns = margin
    return tf.pad(pixels, ((0, 0), (rows, rows), (columns, columns), (0, 0)), "SYMMETRIC")


def _add_noise(pixels: tf.Tensor, draws: _Draws, strength: float, seed: tf.Tensor) -> tf.Tensor:
    """Gaussian noise: one strength per clip, fresh in every frame as a sensor's is."""
    chosen = draws.happens(0.1)
    deviation = strength * draws.uniform(0, 5)
    return tf.cond(
        chosen,
        lambda: pixels + deviation * tf.random.stateless_normal(pixels.shape, seed),
        lambda: pixels,
    )


def _compress(frames: tf.Tensor, draws: _Draws, strength: float) -> tf.Tensor:
    """Recompresses every frame with the same JPEG quality."""
    chosen = draws.happens(0.5)
    quality = tf.cast(tf.maximum(100 - strength * draws.uniform(0, 60), 5), tf.int32)

    def one(frame: tf.Tensor) -> tf.Tensor:
        jpeg = tf.raw_ops.EncodeJpegVariableQuality(images=frame, quality=quality)
        return tf.ensure_shape(tf.io.decode_jpeg(jpeg, channels=3), frame.shape)

    return tf.cond(chosen, lambda: tf.map_fn(one, frames), lambda: frames)
