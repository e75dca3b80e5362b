"""The track index: from which video each example came, and in which split it is.

One JSON line for each example, at the root of the Examples artifact, so that nobody has to read
the examples themselves to know. The rule that decides which tracks become examples is here too.
"""

import dataclasses
import json
import pathlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas import features
from schemas.video_record import VideoRecord

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
      is_ambiguous: Whether the video is a fake with several people, of whom nobody says which one
        is manipulated; see `counted`.
    """

    video_key: str
    record_key: str
    split: str
    num_present: int
    digest: str
    is_ambiguous: bool = False

    def to_json(self) -> str:
        named = {
            features.VIDEO_KEY: self.video_key,
            features.RECORD_KEY: self.record_key,
            "split": self.split,
            "num_present": self.num_present,
            "digest": self.digest,
            "is_ambiguous": self.is_ambiguous,
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
            is_ambiguous=named.get("is_ambiguous", False),  # older indexes do not say
        )


class Counted(NamedTuple):
    """Which of a video's tracks count.

    Attributes:
      num_tracks: The first so many, in the order of extraction: the dominant one first.
      is_ambiguous: Whether the label may be about another track than those.
    """

    num_tracks: int
    is_ambiguous: bool


def counted(record: VideoRecord, num_tracks: int) -> Counted:
    """Decides which tracks of a video count: become examples, train a model and are evaluated.

    Every track of a pristine video counts, since everybody in it is real. Of a fake its only track
    counts. A fake that shows several people is ambiguous, as the manifest does not say who of them
    is manipulated: its dominant track counts and stands for the video.

    Args:
      record: The video with its label.
      num_tracks: Tracks that were extracted from it, whatever its label: at least 1.
    """
    if not record.is_fake:
        return Counted(num_tracks, is_ambiguous=False)
    return Counted(1, is_ambiguous=num_tracks > 1)


def read(uri: str) -> list[TrackRow]:
    """Reads the track index of the Examples at `uri`, in the order of their video keys."""
    text = pathlib.Path(uri, FILE_NAME).read_text(encoding="utf-8")
    return [TrackRow.from_json(line) for line in text.splitlines()]


def write(uri: str, rows: Iterable[TrackRow]) -> None:
    """Writes the track index of the Examples at `uri`."""
    ordered = sorted(rows, key=lambda row: row.video_key)
    text = "".join(row.to_json() + "\n" for row in ordered)
    pathlib.Path(uri, FILE_NAME).write_text(text, encoding="utf-8")
