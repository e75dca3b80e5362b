"""Writes the demo data set: videos and a manifest, resumable and the same for the same seed."""

import dataclasses
import functools
import itertools
import json
import multiprocessing
import pathlib
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import av
import cv2

from components import fingerprint
from pipeline.demo import plan, render
from pipeline.demo.plan import Parameters, Video
from pipeline.demo.portrait import ByteImage
from schemas import files, manifest

MANIFEST_FILE: Final = "manifest.csv"
STAMP_FILE: Final = "demo.json"
VIDEOS_FOLDER: Final = "videos"


def write_mp4(
    path: pathlib.Path, frames: Iterable[ByteImage], *, fps: int, constant_rate_factor: int
) -> None:
    """Encodes a video with libx264 on one thread (more would make its bytes vary).

    Args:
      path: File to write; an existing one is replaced.
      frames: In display order, each [H, W, 3] uint8 RGB with even sides, all of one size.
      fps: Frames per second.
      constant_rate_factor: Rate factor of x264, 0 (lossless) to 51 (worst).
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


def write_dataset(
    folder: pathlib.Path,
    *,
    seed: int = 0,
    num_identities: int = 24,
    num_takes: int = 3,
    seconds: float = 2.0,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> pathlib.Path:
    """Makes the demo videos and their manifest, or what is missing of them.

    Every identity has `num_takes` pristine videos and one forgery of each of four families,
    spread over the takes. A video appears under its name when it is complete, the manifest when
    all are; a folder that other parameters or another version of this code filled is made anew.

    Args:
      folder: Empty, absent, or written by this function.
      seed: Seed of everything that is drawn; the same seed gives the same videos.
      num_identities: An even number: faces are swapped inside pairs only.
      num_takes: Pristine videos per identity, 1 to 4.
      seconds: Length of each video, at 25 frames per second.
      workers: Processes that render.
      on_progress: Called with (videos done, videos in all), at the start and after each take.

    Returns:
      Path of the manifest; its rows name the videos relative to the folder.

    Raises:
      ValueError: A parameter is out of range.
      FileExistsError: The folder holds something that this function did not write.
    """
    parameters = Parameters(
        seed=seed, num_identities=num_identities, num_takes=num_takes, seconds=seconds
    )
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    _claim(folder, parameters)
    return _complete(folder, parameters, workers, on_progress or (lambda done, total: None))


def _complete(
    folder: pathlib.Path, parameters: Parameters, workers: int, report: Callable[[int, int], None]
) -> pathlib.Path:
    """Writes the videos that are missing, then the manifest; returns its path."""
    path = folder / MANIFEST_FILE
    videos = plan.videos(parameters)
    missing = [video for video in videos if not (folder / video.record().path).exists()]
    if missing:
        path.unlink(missing_ok=True)
    done = len(videos) - len(missing)
    report(done, len(videos))
    for num_written in _write_takes(folder, parameters, missing, workers):
        done += num_written
        report(done, len(videos))
    if not path.exists():
        files.write(path, manifest.to_csv(video.record() for video in videos))
    return path


def _claim(folder: pathlib.Path, parameters: Parameters) -> None:
    """Makes sure that whatever is in the folder belongs to these parameters and this code."""
    stamp = json.dumps(
        {**dataclasses.asdict(parameters), "code": fingerprint.of("pipeline.demo")}, indent=1
    )
    written = folder / STAMP_FILE
    if written.exists() and written.read_text(encoding="utf-8") == stamp:
        return
    if not written.exists() and folder.exists() and any(folder.iterdir()):
        raise FileExistsError(
            f"{folder} holds files that the demo did not write; name an empty or a new folder"
        )
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    if (folder / VIDEOS_FOLDER).exists():
        shutil.rmtree(folder / VIDEOS_FOLDER)
    (folder / VIDEOS_FOLDER).mkdir(parents=True)
    files.write(written, stamp)


def _write_takes(
    folder: pathlib.Path, parameters: Parameters, videos: Sequence[Video], workers: int
) -> Iterator[int]:
    """Writes videos, here or in processes, and yields how many each finished take adds."""
    write = functools.partial(_write_take, folder, parameters)
    takes = [list(take) for _, take in itertools.groupby(videos, lambda v: (v.identity, v.take))]
    if min(workers, len(takes)) < 2:
        yield from map(write, takes)
        return
    # Spawned, not forked: the caller may hold threads.
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, initializer=_begin_worker) as pool:
        yield from pool.imap_unordered(write, takes)


def _begin_worker() -> None:
    """Leaves Ctrl-C to the parent, which ends the pool, and the second core to the other worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _write_take(folder: pathlib.Path, parameters: Parameters, videos: Sequence[Video]) -> int:
    """Writes videos of one take, whose footage is filmed once; returns their number."""
    for video in videos:
        with files.replacing(folder / video.record().path) as draft:
            write_mp4(
                draft,
                render.frames(video, parameters),
                fps=parameters.fps,
                constant_rate_factor=plan.RATE_FACTORS[video.compression_level],
            )
    return len(videos)
