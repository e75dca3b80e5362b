"""DeadLetter: an input that was left out, with a stable code; nothing is skipped silently."""

import dataclasses
import json
from typing import Final

ERASED: Final = "erased"  # left out on purpose: says nothing of the quality of the data
MANIFEST_CODES: Final = (
    "invalid_row",
    "duplicate_key",
    "missing_file",
    "label_conflict",
    ERASED,
)
PROBE_CODES: Final = (
    "undecodable",
    "no_video_stream",
    "still_image",
    "too_short",
    "too_long",
    "too_small",
    "frame_rate_out_of_range",
    "truncated",
    "exact_duplicate",
)
EXTRACTION_CODES: Final = (
    "no_face",
    "face_too_small",
    "too_few_frames",
    "corrupt_frames",
    "decode_timeout",
)
CODES: Final = frozenset((*MANIFEST_CODES, *PROBE_CODES, *EXTRACTION_CODES))


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A manifest row that got no example.

    Attributes:
      record_key: Key of the row; `row N` where the row has no valid key, or an erased one.
      code: One of `CODES`.
      message: What was found and what to do, for a person.
      path: Path of the video as the manifest wrote it.
      split: Split that the video would have gone to; empty when unknown.
      is_fake: Label of the row, None when it could not be read.
      dataset: Dataset of the video, for coverage per slice; empty when unknown.
      manipulation_method: Manipulation method of the video, for coverage per slice; empty when
        unknown.
    """

    record_key: str
    code: str
    message: str
    path: str = ""
    split: str = ""
    is_fake: bool | None = None
    dataset: str = ""
    manipulation_method: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"code must be one of {sorted(CODES)}, got {self.code!r}")

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "DeadLetter":
        return cls(**json.loads(text))
