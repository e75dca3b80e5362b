"""Square crops around a face, on images whose pixels the test chose."""

import io

import numpy as np
import pytest
from PIL import Image

from components.video import crops


def ramp(height=100, width=120):
    """Red is x, green is y."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, 0 * x], -1).astype(np.uint8)


def decoded_jpeg(data):
    """As [H, W, 3] uint8 RGB."""
    return np.asarray(Image.open(io.BytesIO(data)))


def test_a_crop_is_the_square_around_the_centre_with_its_margin():
    crop = crops.crop(ramp(), np.array([40.0, 30.0, 20.0, 10.0]), margin=2.0, size=40)
    assert crop.shape == (40, 40, 3)
    assert np.array_equal(crop, ramp()[15:55, 30:70])


def test_a_larger_square_is_averaged_and_not_sampled():
    checkers = (255 * (np.indices((80, 80)).sum(0) % 2))[..., None].repeat(3, -1).astype(np.uint8)
    crop = crops.crop(checkers, np.array([0.0, 0.0, 80.0, 80.0]), margin=1.0, size=40)
    assert set(np.unique(crop)) <= {127, 128}


def test_a_smaller_square_is_enlarged():
    crop = crops.crop(ramp(), np.array([50.0, 40.0, 10.0, 10.0]), margin=1.0, size=40)
    assert crop[20, 20] == pytest.approx([55, 45, 0], abs=1)


def test_beyond_the_picture_its_border_goes_on():
    crop = crops.crop(ramp(), np.array([-5.0, 90.0, 20.0, 20.0]), margin=1.0, size=20)
    assert (crop[:, :5, 0] == 0).all()
    assert crop[0, :, 0].tolist() == [0] * 5 + list(range(15))
    assert (crop[10:, :, 1] == 99).all()


def test_a_box_far_outside_gives_the_nearest_border():
    crop = crops.crop(ramp(), np.array([500.0, 500.0, 20.0, 20.0]), margin=1.0, size=10)
    assert crop[..., 0].max() == 119
    assert crop[..., 1].max() == 99


def test_sharpness_falls_with_blur():
    random = np.random.default_rng(0)
    sharp = random.integers(0, 256, (64, 64, 3), np.uint8)
    soft = (sharp // 4 + np.roll(sharp, 1, 0) // 4 + np.roll(sharp, 1, 1) // 4).astype(np.uint8)
    assert crops.sharpness(sharp) > 2 * crops.sharpness(soft) > 0
    assert crops.sharpness(np.full((64, 64, 3), 7, np.uint8)) == 0


def test_jpeg_keeps_shape_channels_and_most_of_the_values():
    pixels = ramp(64, 64)
    decoded = decoded_jpeg(crops.encode_jpeg(pixels, 95))
    assert decoded.shape == pixels.shape
    assert np.abs(decoded.astype(int) - pixels).mean() < 3


def test_jpeg_quality_costs_bytes():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert len(crops.encode_jpeg(pixels, 50)) < len(crops.encode_jpeg(pixels, 95))
