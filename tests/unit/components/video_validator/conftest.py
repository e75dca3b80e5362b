"""Real videos and manifests for the tests of VideoValidator."""

import dataclasses
import pathlib
from collections.abc import Callable

import av
import numpy as np
import pytest

from schemas.video_record import VideoRecord

MakeVideo = Callable[..., pathlib.Path]


@pytest.fixture(scope="session")
def make_video() -> MakeVideo:
    """Encodes a small H.264 video whose content, and so whose bytes, depend on `seed`."""

    def make(
        path: pathlib.Path,
        seed: int = 0,
        *,
        num_frames: int = 10,
        fps: int = 10,
        side: int = 64,
    ) -> pathlib.Path:
        random = np.random.default_rng(seed)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
            for _ in range(num_frames):
                picture = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
                for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                    container.mux(packet)
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture
def video() -> Callable[..., VideoRecord]:
    """A record of a probed video; its file is unlike any other one's unless `digest` is given."""

    def make(video_id: str, *, fake: bool = False, **fields: str) -> VideoRecord:
        made_by = {"manipulation_method": "swap", "manipulation_type": "face_swap"} if fake else {}
        values = {"path": video_id, "dataset": "set"} | made_by | fields
        record = VideoRecord(video_id=video_id, is_fake=fake, **values)
        return dataclasses.replace(record, digest=record.digest or f"digest of {record.key}")

    return make
