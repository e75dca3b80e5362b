"""Compressed packets: opening a file safely, indexing its packets, planning what to decode."""

import bisect
import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import av

from schemas.errors import NoVideoStreamError, UndecodableVideoError

# Demuxers that read one file and nothing beside it: playlists could name any file or address.
FORMATS: Final = (
    "mov,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,rm,ivf,gif,apng,mjpeg,yuv4mpegpipe,"
    "h264,hevc,av1,obu,m4v,mpegvideo,h263,mxf,nut,wav,mp3,flac,aac,ac3,"
    "jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe,gif_pipe,j2k_pipe,jpegxl_pipe"
)
_ASSUMED_FPS: Final = 25.0
# PyAV raises the second where another stream begins in mid-file.
_TORN: Final = (av.FFmpegError, IndexError)


class Packet(NamedTuple):
    """What the index keeps of a compressed packet."""

    pts: int | None
    is_keyframe: bool
    is_shown: bool


@dataclasses.dataclass(frozen=True)
class PacketIndex:
    """All packets of a video stream, without their bytes.

    Attributes:
      packets: The packets in file order, which is decoding order.
      shown: Positions in `packets` of the displayed frames, in display order.
      times: Presentation time of each shown frame, in seconds.
      is_timed: Whether every shown packet has a time of its own; if not, `shown` is in file
        order and `times` count frames at the stream's rate.
      is_cut: Whether demuxing ended in an error or a damaged packet.
    """

    packets: tuple[Packet, ...]
    shown: tuple[int, ...]
    times: tuple[float, ...]
    is_timed: bool
    is_cut: bool


@contextlib.contextmanager
def open_stream(path: str | pathlib.Path) -> Iterator[Any]:
    """Opens the first video stream (`av.VideoStream`) for demuxing and decoding.

    Raises:
      UndecodableVideoError: FFmpeg does not know the format, or the file is broken.
      NoVideoStreamError: There is no video; a cover picture of an audio file is none.
      OSError: The file is missing or may not be read.
    """
    limits = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        container = av.open(str(path), options=limits, metadata_errors="replace")
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise  # nothing is known of the video
    except av.FFmpegError as error:
        raise UndecodableVideoError(
            "undecodable", f"FFmpeg cannot open the file ({error.strerror}); check that it plays"
        ) from error
    with container:
        cover = av.stream.Disposition.attached_pic
        videos = [stream for stream in container.streams.video if not stream.disposition & cover]
        if not videos:
            raise NoVideoStreamError(
                "no_video_stream", "the file holds no video stream; send a video file"
            )
        stream = videos[0]
        if stream.codec_context is None:
            raise UndecodableVideoError(
                "undecodable", "FFmpeg has no decoder for it; export it as H.264"
            )
        stream.thread_type = "NONE"
        yield stream


def read_index(stream: Any) -> PacketIndex:
    """Demuxes the whole stream, keeping times and flags of its packets.

    Raises:
      UndecodableVideoError: The stream holds no packet.
    """
    packets: list[Packet] = []
    is_cut = False
    try:
        for packet in stream.container.demux(stream):
            if packet.size:
                packets.append(Packet(packet.pts, packet.is_keyframe, not packet.is_discard))
                is_cut = packet.is_corrupt  # of the last packet, in the end
    except _TORN:
        is_cut = True  # what came before the tear is still good
    shown = [position for position, packet in enumerate(packets) if packet.is_shown]
    if not shown:
        raise UndecodableVideoError(
            "undecodable", "the video stream is empty; export the video again"
        )
    stamps = [pts for position in shown if (pts := packets[position].pts) is not None]
    is_timed = len(set(stamps)) == len(shown)
    if is_timed:
        shown.sort(key=lambda position: packets[position].pts or 0)
        times = [stamp * float(stream.time_base) for stamp in sorted(stamps)]
    else:
        times = [number / nominal_fps(stream) for number in range(len(shown))]
    return PacketIndex(tuple(packets), tuple(shown), tuple(times), is_timed, is_cut)


def nominal_fps(stream: Any) -> float:
    """Average frame rate that the file states; 25 where it states none."""
    return float(stream.average_rate or _ASSUMED_FPS)


def decode_runs(packets: Sequence[Packet], targets: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges of packets to decode, so that every target is shown.

    Args:
      packets: The packets in decoding order; those that are shown have a time.
      targets: Positions in `packets`, in display order.

    Returns:
      Ranges (first, last), both included, ascending and disjoint: from the keyframe that a
      target needs to the target itself.
    """
    keyframes = sorted(
        (packet.pts, position)
        for position, packet in enumerate(packets)
        if packet.is_keyframe and packet.pts is not None
    )
    stamps = [pts for pts, _ in keyframes]
    runs: list[tuple[int, int]] = []
    for target in targets:
        if runs and target <= runs[-1][1]:
            continue
        found = bisect.bisect_right(stamps, packets[target].pts or 0) - 1
        first = keyframes[found][1] if found >= 0 else 0
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], target)
        else:
            runs.append((first, target))
    return runs


def demux(stream: Any) -> Iterator[Any]:
    """Yields the packets (`av.Packet`) that hold data, in file order, up to the end or a tear."""
    try:
        yield from (packet for packet in stream.container.demux(stream) if packet.size)
    except _TORN:
        return


def decode(codec: Any, packet: Any) -> list[Any]:
    """Frames that come out of `packet`: none if FFmpeg refuses it. None drains the decoder."""
    try:
        return list(codec.decode(packet))
    except av.FFmpegError:
        return []


def decode_all(stream: Any) -> Iterator[Any]:
    """Yields every frame (`av.VideoFrame`) that can be decoded, in display order."""
    for packet in demux(stream):
        yield from decode(stream.codec_context, packet)
    yield from decode(stream.codec_context, None)
