"""What a single bad video may raise. Anything else is a bug and must stop the run.

    VideoError
    ├── UndecodableVideoError   undecodable
    ├── NoVideoStreamError      no_video_stream
    ├── StillImageError         still_image
    ├── VideoTooShortError      too_short
    ├── TruncatedVideoError     truncated
    ├── CorruptFramesError      corrupt_frames
    ├── TooFewFramesError       too_few_frames
    ├── NoFaceError             no_face
    ├── FaceTooSmallError       face_too_small
    └── DecodeTimeoutError      decode_timeout

A file that is missing or may not be read is no bad video: `OSError` passes through.
"""


class VideoError(Exception):
    """Base of every error that a single bad video may raise.

    Attributes:
      code: Stable reason, one of `schemas.dead_letter.CODES`; it names a counter, a dead
        letter and, in serving, a verdict reason.
    """

    code = ""


class UndecodableVideoError(VideoError):
    """FFmpeg cannot open the file, or decodes no frame of it."""

    code = "undecodable"


class NoVideoStreamError(VideoError):
    """The file holds no video; a cover picture of an audio file is none."""

    code = "no_video_stream"


class StillImageError(VideoError):
    """The file is one picture, not a video."""

    code = "still_image"


class VideoTooShortError(VideoError):
    """The video lasts less than the rules ask for."""

    code = "too_short"


class TruncatedVideoError(VideoError):
    """The file ends before what its own structure announces."""

    code = "truncated"


class CorruptFramesError(VideoError):
    """So many frames are damaged that too few are left."""

    code = "corrupt_frames"


class TooFewFramesError(VideoError):
    """The video, or the face in it, has too few frames."""

    code = "too_few_frames"


class NoFaceError(VideoError):
    """No sampled frame shows a face. There is no default score."""

    code = "no_face"


class FaceTooSmallError(VideoError):
    """Faces are there, but none of a usable size."""

    code = "face_too_small"


class DecodeTimeoutError(VideoError):
    """Extraction took longer than its limit; the decoder was stopped."""

    code = "decode_timeout"
