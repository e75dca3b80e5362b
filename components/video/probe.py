"""VideoInfo: what a file really holds, from its packets and first frame and not its header."""

import dataclasses
import pathlib
from typing import Any, Final

from components.video import container, packets
from schemas import files
from schemas.errors import NoVideoStreamError, UndecodableVideoError, VideoError

_STILL_FORMATS: Final = frozenset({"gif", "apng", "mjpeg"})  # a still image if one frame long
_STILL_SUFFIX: Final = "_pipe"  # of FFmpeg's demuxers for single pictures


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """Facts about a video file.

    Attributes:
      container: Container format as FFmpeg names it, such as `mov,mp4,m4a,3gp,3g2,mj2`.
      codec: Video codec as FFmpeg names it, such as `h264`.
      num_frames: Displayable frames, counted from packets.
      fps: Average frames per second.
      duration_seconds: Time from the first frame to the end of the last.
      width: Width of the displayed picture (after rotation), in pixels.
      height: Height of the displayed picture (after rotation), in pixels.
      rotation: Degrees by which a player turns the coded picture, counter-clockwise, one of
        0, 90, 180 and 270.
      size_bytes: Size of the file.
      digest: SHA-256 of the file.
      truncated: Whether the file ends before what its structure announces.
    """

    container: str
    codec: str
    num_frames: int
    fps: float
    duration_seconds: float
    width: int
    height: int
    rotation: int
    size_bytes: int
    digest: str
    truncated: bool


def probe(path: str | pathlib.Path) -> VideoInfo:
    """Reads the facts of the video at `path`, decoding no more than its first frame.

    Raises:
      UndecodableVideoError: FFmpeg cannot open the file or decode a frame.
      VideoError: `truncated`: The same, and the file was cut off; a cut file that can still be
        read is reported by `VideoInfo.truncated` instead.
      NoVideoStreamError: The file holds no video.
      VideoError: `still_image`: The file is a picture.
      OSError: The file is missing or may not be read.
    """
    size_bytes, digest = pathlib.Path(path).stat().st_size, files.sha256(path)
    is_torn = container.is_torn(path)
    try:
        return _read(path, digest=digest, size_bytes=size_bytes, is_torn=is_torn)
    except (UndecodableVideoError, NoVideoStreamError) as error:
        if not is_torn:
            raise
        raise VideoError(
            "truncated", f"the file ends early, after {size_bytes} bytes; copy or download it again"
        ) from error


def _read(path: str | pathlib.Path, *, digest: str, size_bytes: int, is_torn: bool) -> VideoInfo:
    with packets.open_stream(path) as stream:
        file_format = stream.container.format.name
        index = packets.read_index(stream)
        num_frames = len(index.shown)
        if file_format.endswith(_STILL_SUFFIX) or (
            file_format in _STILL_FORMATS and num_frames == 1
        ):
            raise VideoError("still_image", "the file is a picture; send a video")
        codec = stream.codec.canonical_name
        fps = _average_fps(index, packets.nominal_fps(stream))
    frame = _first_frame(path)
    rotation = round(frame.rotation / 90) % 4 * 90
    is_sideways = rotation in (90, 270)
    return VideoInfo(
        container=file_format,
        codec=codec,
        num_frames=num_frames,
        fps=fps,
        duration_seconds=num_frames / fps,
        width=frame.height if is_sideways else frame.width,
        height=frame.width if is_sideways else frame.height,
        rotation=rotation,
        size_bytes=size_bytes,
        digest=digest,
        truncated=is_torn or index.is_cut,
    )


def _average_fps(index: packets.PacketIndex, nominal: float) -> float:
    elapsed = index.times[-1] - index.times[0]
    return (len(index.times) - 1) / elapsed if elapsed > 0 else nominal


def _first_frame(path: str | pathlib.Path) -> Any:
    """The first `av.VideoFrame` that can be decoded; it alone knows size and rotation."""
    with packets.open_stream(path) as stream:
        for frame in packets.decode_all(stream):
            return frame
    raise UndecodableVideoError("undecodable", "no frame can be decoded; export the video again")
