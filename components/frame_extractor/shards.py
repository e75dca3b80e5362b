"""Which file a video's tracks go to, and what the track index says of them."""

import collections
import dataclasses
import json
import math
import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import Final

from components.frame_extractor import keys
from schemas import features, taxonomy
from schemas.video_record import VideoRecord

VIDEOS_PER_SHARD: Final = 128  # about 20 MB: a track of 32 crops of 128 pixels takes 150 KB


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrackRow:
    """One line of the track index.

    Attributes:
      video_key: Of the track.
      record_key: Of its video.
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


def read_index(uri: str) -> list[TrackRow]:
    """Reads the track index of the Examples at `uri`, in the order of their video keys."""
    text = pathlib.Path(uri, keys.INDEX_FILE).read_text(encoding="utf-8")
    return [TrackRow.from_json(line) for line in text.splitlines()]


def write_index(uri: str, rows: Iterable[TrackRow]) -> None:
    """Writes the track index of the Examples at `uri`."""
    ordered = sorted(rows, key=lambda row: row.video_key)
    text = "".join(row.to_json() + "\n" for row in ordered)
    pathlib.Path(uri, keys.INDEX_FILE).write_text(text, encoding="utf-8")


def assign(records: Sequence[VideoRecord]) -> dict[str, list[VideoRecord]]:
    """Shard file, relative to the Examples, to the videos whose tracks it will hold.

    Every split has at least one shard. Shards hold ascending ranges of keys, so that reading
    a split's files in order yields its tracks in the order of their video keys.

    Raises:
      ValueError: A record has no known split.
    """
    by_split = collections.defaultdict(list)
    for record in sorted(records, key=lambda record: f"{record.key}/"):
        if record.split not in taxonomy.SPLITS:
            allowed = ", ".join(taxonomy.SPLITS)
            raise ValueError(f"split of {record.key} must be {allowed}, got {record.split!r}")
        by_split[record.split].append(record)
    shards = {}
    for split in taxonomy.SPLITS:
        videos = by_split[split]
        count = max(1, math.ceil(len(videos) / VIDEOS_PER_SHARD))
        for number in range(count):
            name = f"{keys.FILE_PREFIX}-{number:05d}-of-{count:05d}.gz"
            start = number * VIDEOS_PER_SHARD
            file = os.path.join(f"Split-{split}", name)
            shards[file] = videos[start : start + VIDEOS_PER_SHARD]
    return shards
