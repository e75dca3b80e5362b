"""Which probed videos are accepted: one check per rule, each with its dead-letter code."""

import dataclasses
from collections.abc import Iterator

from components.video.probe import VideoInfo
from components.video_validator.settings import VideoRules


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """A broken rule.

    Attributes:
      code: Of the dead letter.
      message: What was found, and the limit.
    """

    code: str
    message: str


def first_broken(info: VideoInfo, rules: VideoRules) -> Finding | None:
    """The first rule that the video breaks, the most fundamental first; None if it keeps all."""
    return next(_broken(info, rules), None)


def _broken(info: VideoInfo, rules: VideoRules) -> Iterator[Finding]:
    if info.truncated:
        found = f"the file ends before its last frame ({info.num_frames} frames are left)"
        yield Finding(code="truncated", message=f"{found}: copy it again from its source")
    if info.duration_seconds < rules.min_duration_seconds:
        found = f"lasts {info.duration_seconds:.3f} s, the minimum is {rules.min_duration_seconds}"
        yield Finding(code="too_short", message=f"{found} s")
    if info.duration_seconds > rules.max_duration_seconds:
        found = f"lasts {info.duration_seconds:.3f} s, the maximum is {rules.max_duration_seconds}"
        yield Finding(code="too_long", message=f"{found} s: cut it")
    if min(info.width, info.height) < rules.min_side_pixels:
        found = f"is {info.width} x {info.height} pixels"
        limit = f"the shorter side must have {rules.min_side_pixels}"
        yield Finding(code="too_small", message=f"{found}, {limit}")
    if not rules.min_fps <= info.fps <= rules.max_fps:
        found = f"has {info.fps:.3f} frames per second"
        limit = f"the range is {rules.min_fps} to {rules.max_fps}"
        yield Finding(code="frame_rate_out_of_range", message=f"{found}, {limit}")
