"""H.264 files."""

import av
import numpy as np
import pytest

from pipeline.demo import dataset


@pytest.fixture(scope="module")
def frames():
    noise = np.random.default_rng(0).normal(0, 20, (12, 64, 96, 3))
    ramp = np.linspace(60, 190, 96)[None, None, :, None]
    return list(np.clip(ramp + noise, 0, 255).astype(np.uint8))


def test_frames_come_back_in_order_and_nearly_the_same(tmp_path, frames):
    flat = [np.full((64, 96, 3), 20 * index, np.uint8) for index in range(12)]
    dataset.write_mp4(tmp_path / "flat.mp4", flat, fps=25, constant_rate_factor=18)
    with av.open(str(tmp_path / "flat.mp4")) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [round(frame.mean() / 20) for frame in decoded] == list(range(12))


def test_bytes_repeat_and_the_rate_factor_counts(tmp_path, frames):
    for name, factor in (("a", 23), ("b", 23), ("c", 40)):
        dataset.write_mp4(tmp_path / name, frames, fps=25, constant_rate_factor=factor)
    first, again, coarse = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again
    assert len(coarse) < len(first) / 2
