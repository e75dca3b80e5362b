"""Frames to H.264 files, byte for byte the same for the same frames and library versions."""

import pathlib
from collections.abc import Iterable

import av

from pipeline.demo.portrait import ByteImage


def write_mp4(
    path: pathlib.Path, frames: Iterable[ByteImage], *, fps: int, constant_rate_factor: int
) -> None:
    """Encodes a video with libx264 on one thread (more would make its bytes vary).

    Args:
      path: File to write; an existing one is replaced.
      frames: In display order, each [H, W, 3] uint8 RGB with even sides, all of one size.
      fps: Frames per second.
      constant_rate_factor: Of x264, 0 (lossless) to 51 (worst).
    """
    options = {"crf": str(constant_rate_factor), "preset": "veryfast", "threads": "1"}
    with av.open(str(path), "w", format="mp4") as container:
        stream = None
        for pixels in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=fps, options=options)
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
