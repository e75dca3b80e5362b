"""Videos made on the fly; every frame carries its number in its pixels."""

import pathlib
from collections.abc import Callable, Iterable
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from components.video import detector
from components.video import faces as video_faces
from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig

NUM_BITS = 10
MakeVideo = Callable[..., pathlib.Path]


def numbered(number: int, width: int = 160, height: int = 128) -> NDArray[np.uint8]:
    """[H, W, 3]: a drifting gradient, and `number` in black and white blocks at the top."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    frame = np.stack([x + 3 * number, y + 2 * number, x + y + number], -1) % 200
    for bit in range(NUM_BITS):
        frame[:16, 16 * bit : 16 * bit + 16] = 255 * (number >> bit & 1)
    return frame.astype(np.uint8)


def number_of(frame: NDArray[np.uint8]) -> int:
    """Reads back what `numbered` wrote."""
    blocks = [frame[2:14, 16 * bit + 2 : 16 * bit + 14].mean() > 128 for bit in range(NUM_BITS)]
    return sum(1 << bit for bit, is_set in enumerate(blocks) if is_set)


@pytest.fixture(scope="session")
def make_video(tmp_path_factory) -> MakeVideo:
    """Encodes frames to a new file and returns its path.

    `name` sets the container; `times` are presentation times in milliseconds; `mux` and
    `options` go to the muxer and the encoder.
    """

    def make(
        name: str = "video.mp4",
        frames: Iterable[NDArray[np.uint8]] | int = 60,
        *,
        fps: int = 25,
        codec: str = "libx264",
        times: list[int] | None = None,
        mux: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
    ) -> pathlib.Path:
        pictures = [numbered(n) for n in range(frames)] if isinstance(frames, int) else list(frames)
        path = tmp_path_factory.mktemp("video") / name
        with av.open(str(path), "w", options=mux or {}) as container:
            stream = container.add_stream(codec, rate=fps, options=options or {})
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.codec_context.time_base = Fraction(1, 1000)
            for number, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.time_base = Fraction(1, 1000)
                frame.pts = times[number] if times else round(1000 * number / fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture(scope="session")
def plain(make_video) -> pathlib.Path:
    """60 numbered frames at 25 fps: H.264 with B-frames, a keyframe every 15 frames."""
    return make_video(options={"g": "15", "bf": "2"})


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """[512, 512, 3] uint8 RGB with one face, about 105 pixels wide, at x 173 and y 68."""
    return data.astronaut()


@pytest.fixture(scope="session")
def talk(make_video, portrait) -> pathlib.Path:
    """50 frames of 288 x 288: one face that moves to the right by a pixel per frame."""
    return make_video(frames=(portrait[:288, 100 - n : 388 - n] for n in range(50)))


@pytest.fixture
def spec() -> ClipSpec:
    """Two clips of four frames, 64 pixels."""
    return ClipSpec(num_clips=2, num_frames=4, sample_fps=8.0, crop_size=64)


@pytest.fixture
def faces() -> FaceConfig:
    return FaceConfig()


@pytest.fixture(scope="session")
def blazeface() -> video_faces.FaceDetector:
    return detector.find_detector("blazeface", FaceConfig())


@pytest.fixture
def turned(tmp_path) -> Callable[[pathlib.Path, int], pathlib.Path]:
    """Copies an mp4 and sets the rotation that players apply, counter-clockwise, in degrees."""

    def turn(path: pathlib.Path, degrees: int) -> pathlib.Path:
        cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
        one = 1 << 16
        identity = np.array([one, 0, 0, 0, one, 0, 0, 0, 1 << 30], ">i4").tobytes()
        matrix = np.array([cosine, -sine, 0, sine, cosine, 0, 0, 0, 1 << 14], ">i4") * one
        content = path.read_bytes()
        place = content.index(identity, content.index(b"tkhd"))  # of the track, in its header
        result = tmp_path / f"turned-{degrees}.mp4"
        rest = content[place + len(identity) :]
        result.write_bytes(content[:place] + matrix.astype(">i4").tobytes() + rest)
        return result

    return turn
