"""The track index: from which video each example came, and in which split it is.

One JSON line for each example, at the root of the Examples artifact, so that nobody has to read
the examples themselves to know.
"""

import dataclasses
import json
import pathlib
from collections.abc import Iterable
from typing import Final

from schemas import features

FILE_NAME: Final = "track-index.jsonl"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrackRow:
    """One line of the track index.

    Attributes:
      video_key: Key of the track: the record key and the number of the track.
      record_key: Key of the video that the track was found in.
      split: That it is in.
      num_present: Frames that show the face.
      digest: SHA-256 of the serialized example.
    """

    video_key: str
    record_key: str
    split: str
    num_present: int
    digest: str

    def to_json(self) -> str:
        named = {
            features.VIDEO_KEY: self.video_key,
            features.RECORD_KEY: self.record_key,
            "split": self.split,
            "num_present": self.num_present,
            "digest": self.digest,
        }
        return json.dumps(named, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "TrackRow":
        named = json.loads(text)
        return cls(
            video_key=named[features.VIDEO_KEY],
            record_key=named[features.RECORD_KEY],
            split=named["split"],
            num_present=named["num_present"],
            digest=named["digest"],
        )


def read(uri: str) -> list[TrackRow]:
    """Reads the track index of the Examples at `uri`, in the order of their video keys."""
    text = pathlib.Path(uri, FILE_NAME).read_text(encoding="utf-8")
    return [TrackRow.from_json(line) for line in text.splitlines()]


def write(uri: str, rows: Iterable[TrackRow]) -> None:
    """Writes the track index of the Examples at `uri`."""
    ordered = sorted(rows, key=lambda row: row.video_key)
    text = "".join(row.to_json() + "\n" for row in ordered)
    pathlib.Path(uri, FILE_NAME).write_text(text, encoding="utf-8")
