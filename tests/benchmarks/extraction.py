"""Decoding the default frames of a video: keyframe runs against everything from the start."""

import pathlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import av
import cv2
import numpy as np
from measuring import Figure, Outcome, Way, compare
from numpy.typing import NDArray
from skimage import data

from components.video import clips, reader
from schemas.clip_spec import ClipSpec

WIDTH: Final = 1280
HEIGHT: Final = 720
FPS: Final = 25
NUM_FRAMES: Final = 250
KEYFRAME_DISTANCES: Final = (12, 250)  # GOPs: as of cameras and broadcast, and x264's default
Pixels = NDArray[np.uint8]
Sampled = reader.Sampled[Pixels]


def run(folder: pathlib.Path) -> Outcome:
    """Measures one video per distance of keyframes."""
    sizes: dict[str, int | float | str] = {
        "width": WIDTH,
        "height": HEIGHT,
        "frames": NUM_FRAMES,
        "frames_sampled": ClipSpec().total_frames,
    }
    figures = []
    for distance in KEYFRAME_DISTANCES:
        path = folder / f"gop_{distance}.mp4"
        _write(path, distance)
        sizes[f"{path.stem}_bytes"] = path.stat().st_size
        figures.append(_measure(path))
    return Outcome(sizes, figures)


def _measure(path: pathlib.Path) -> Figure:
    wanted = _sample(path).indices
    return compare(
        path.stem,
        Way("reader.sample", lambda: _sample(path)),
        Way("PyAV, sequential", lambda: _decode_all(path, wanted)),
        agree=_are_equal,
        pairs=7,
    )


def _sample(path: pathlib.Path) -> Sampled:
    """The K x T frames of the default geometry."""

    def pick(times: Sequence[float]) -> list[int]:
        return list(chain.from_iterable(clips.clip_indices(times, ClipSpec())))

    return reader.sample(path, pick, lambda frame: frame)


def _decode_all(path: pathlib.Path, wanted: Sequence[int]) -> list[Pixels]:
    """Decodes every frame, on one thread as the pipeline does; only the wanted become RGB."""
    chosen = set(wanted)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        return [
            frame.to_ndarray(format="rgb24")
            for number, frame in enumerate(container.decode(stream))
            if number in chosen
        ]


def _are_equal(sampled: Sampled, expected: Sequence[Pixels]) -> bool:
    """Bit for bit, and not by falling back to a sequential decode."""
    pairs = zip(sampled.results, expected, strict=True)
    return not sampled.is_sequential and all(np.array_equal(a, b) for a, b in pairs)


def _write(path: pathlib.Path, keyframe_distance: int) -> None:
    options = {
        "preset": "veryfast",
        "threads": "1",
        "g": str(keyframe_distance),
        "keyint_min": str(keyframe_distance),
        "sc_threshold": "0",  # no keyframes of its own choice
    }
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for pixels in _frames():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def _frames() -> Iterator[Pixels]:
    """A hand-held camera over a portrait, with sensor noise: motion and texture to code."""
    portrait = cv2.resize(data.astronaut(), (1536, 1536), interpolation=cv2.INTER_CUBIC)
    generator = np.random.default_rng(0)
    noises = generator.integers(-5, 6, (16, HEIGHT, WIDTH, 1), np.int16)
    for number in range(NUM_FRAMES):
        x, y = int(128 + 100 * np.sin(number / 20)), int(408 + 300 * np.sin(number / 33))
        window = portrait[y : y + HEIGHT, x : x + WIDTH]
        yield (window + noises[number % len(noises)]).clip(0, 255).astype(np.uint8)
