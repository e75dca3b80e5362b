"""The decoder that training and serving share."""

import cv2
import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from pipeline.model.decoding import decode_crops


@pytest.fixture(scope="module")
def jpeg():
    crop = np.ascontiguousarray(skimage.data.astronaut()[20:116, 180:276, ::-1])
    return cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def test_pixels_are_those_of_opencv(jpeg):
    """Crops are written by OpenCV: both sides use libjpeg's exact inverse transform."""
    expected = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(decode_crops(tf.constant([jpeg]), 96)[0], expected)


def test_an_empty_string_is_a_black_filler(jpeg):
    decoded = decode_crops(tf.constant([jpeg, b""]), 96).numpy()
    assert decoded[0].any()
    assert not decoded[1].any()


def test_a_crop_of_another_size_is_refused(jpeg):
    with pytest.raises(tf.errors.InvalidArgumentError, match="64 by 64"):
        tf.function(decode_crops)(tf.constant([jpeg]), 64)


def test_what_is_no_jpeg_is_refused():
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_crops(tf.constant([b"not a picture"]), 96)
