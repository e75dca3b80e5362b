"""Exact sparse decoding: index the packets once, then decode only what the targets need.

A first demux gives the true number of frames and their times: headers lie about both. Then
each run from a target's keyframe to the target is decoded, skipping frames that no other
frame refers to. Frames are bit-identical to those of a sequential decode, which is also the
fallback where packets carry no usable times (raw streams) or frames are damaged.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from components.video import packets
from schemas.errors import TooFewFramesError, UndecodableVideoError, VideoError

T = TypeVar("T")
Pick = Callable[[Sequence[float]], Sequence[int]]
Sink = Callable[[NDArray[np.uint8]], T]

# Decoders where leaving out non-reference frames is exact and pays.
_SKIPS_NONREF: Final = frozenset({"h264", "hevc"})


@dataclasses.dataclass(frozen=True)
class Sampled(Generic[T]):
    """The frames that were asked for.

    Attributes:
      indices: Display indices, ascending.
      times: Seconds from the first frame of the video, one for each index.
      results: What `sink` made of each frame.
      num_frames: Number of displayable frames of the video.
      is_sequential: Whether the whole video had to be decoded.
    """

    indices: tuple[int, ...]
    times: tuple[float, ...]
    results: tuple[T, ...]
    num_frames: int
    is_sequential: bool


def sample(path: str | pathlib.Path, pick: Pick, sink: Sink[T]) -> Sampled[T]:
    """Decodes chosen frames of the first video stream, each once, in decoding order.

    Args:
      path: A file that FFmpeg can open.
      pick: Gets the time of every frame, in seconds and display order; returns display
        indices. It is called a second time if frames turn out to be damaged.
      sink: Gets each chosen frame, [H, W, 3] uint8 RGB, turned upright; its result is kept,
        the frame is not.

    Raises:
      UndecodableVideoError: FFmpeg cannot open the file or decodes no frame.
      NoVideoStreamError: It holds no video.
      VideoError: `corrupt_frames`: Frames are damaged, and `pick` refuses the rest.
      OSError: The file cannot be read.
    """
    with packets.open_stream(path) as stream:
        index = packets.read_index(stream)
    indices = sorted(set(pick(index.times)))
    if index.is_timed:
        positions = [index.shown[i] for i in indices]
        results = _decode_runs(path, index, positions, sink)
        if len(results) == len(positions):
            start = index.times[0]
            times = tuple(index.times[i] - start for i in indices)
            kept = tuple(results[position] for position in positions)
            return Sampled(tuple(indices), times, kept, len(index.shown), False)
    return _sample_sequentially(path, pick, sink)


def _decode_runs(
    path: str | pathlib.Path, index: packets.PacketIndex, targets: Sequence[int], sink: Sink[T]
) -> dict[int, T]:
    """Decodes the targets; those that are damaged or never come out are missing."""
    wanted = {index.packets[target].pts: target for target in targets}
    results: dict[int, T] = {}
    runs = iter(packets.decode_runs(index.packets, targets))
    first, last = next(runs)
    with packets.open_stream(path) as stream:
        codec = stream.codec_context
        skips = codec.name in _SKIPS_NONREF
        for position, packet in enumerate(packets.demux(stream)):
            if position < first:
                continue
            if skips:
                codec.skip_frame = "DEFAULT" if packet.pts in wanted else "NONREF"
            frames = packets.decode(codec, packet)
            if position == last:
                frames += packets.decode(codec, None)
                codec.flush_buffers()
                first, last = next(runs, (len(index.packets), -1))
            for frame in frames:
                target = wanted.get(frame.pts)
                if target is not None and target not in results and not frame.is_corrupt:
                    results[target] = sink(_upright_rgb(frame))
            if last < 0:
                break
    return results


def _sample_sequentially(path: str | pathlib.Path, pick: Pick, sink: Sink[T]) -> Sampled[T]:
    """Decodes twice, in order: to count the good frames, then to collect. Slow, but right."""
    times = _frame_times(path)
    if not times:
        raise UndecodableVideoError(
            "undecodable", "no frame can be decoded; export the video again"
        )
    try:
        indices = sorted(set(pick(times)))
    except TooFewFramesError as error:
        raise VideoError(
            "corrupt_frames",
            f"only {len(times)} frames are undamaged; export the video again from its source",
        ) from error
    wanted = set(indices)
    results: list[T] = []
    for number, frame in enumerate(_good_frames(path)):
        if number in wanted:
            results.append(sink(_upright_rgb(frame)))
        if number == indices[-1]:
            break
    chosen = tuple(times[i] - times[0] for i in indices)
    return Sampled(tuple(indices), chosen, tuple(results), len(times), True)


def _frame_times(path: str | pathlib.Path) -> list[float]:
    """Ascending times of the good frames, in seconds; where the file has none, of the rate."""
    times: list[float] = []
    with packets.open_stream(path) as stream:
        step = 1 / packets.nominal_fps(stream)
    for frame in _good_frames(path):
        last = times[-1] if times else -step
        is_later = frame.time is not None and frame.time > last
        times.append(frame.time if is_later else last + step)
    return times


def _good_frames(path: str | pathlib.Path) -> Iterator[Any]:
    """Yields the undamaged frames (`av.VideoFrame`) in display order."""
    with packets.open_stream(path) as stream:
        yield from (frame for frame in packets.decode_all(stream) if not frame.is_corrupt)


def _upright_rgb(frame: Any) -> NDArray[np.uint8]:
    """[H, W, 3] uint8 RGB, turned as the file's rotation says: FFmpeg leaves it to the player."""
    pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns))
