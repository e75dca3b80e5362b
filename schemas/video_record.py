"""VideoRecord: one validated row of the video manifest, and its JSONL form."""

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Final

from schemas import taxonomy

FILE_NAME: Final = "videos.jsonl"  # of a VideoManifest artifact


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoRecord:
    """One video: what the manifest says of it, then what probing and splitting added.

    Attributes:
      video_id: Unique within its dataset and manipulation method.
      path: Path of the file; absolute, or relative to the videos root.
      is_fake: True = manipulated.
      dataset: Collection that the video belongs to.
      manipulation_method: Method that made it; `original` for pristine videos.
      manipulation_type: One of `taxonomy.MANIPULATION_TYPES`.
      target_identity: Person who is shown.
      source_identity: Person whose face or motion was used.
      source_video: `video_id` (same dataset) or record key of the video that was altered.
      context: One of `taxonomy.CONTEXTS`.
      compression_level: Compression as the dataset names it, for example `c23`.
      generator: Tool that made the video.
      licence: Terms under which the video may be used.
      split: One of `taxonomy.SPLITS`; empty before assignment.
      component_id: Connected component that the video belongs to.
      digest: SHA-256 of the file.
      container: Container format as FFmpeg names it.
      codec: Video codec as FFmpeg names it.
      num_frames: Displayable frames, counted from packets and not read from the header.
      fps: Average frames per second.
      duration_seconds: Time from the first frame to the end of the last.
      width: Width of the displayed picture (after rotation), in pixels.
      height: Height of the displayed picture (after rotation), in pixels.
    """

    video_id: str
    path: str
    is_fake: bool
    dataset: str = taxonomy.UNKNOWN
    manipulation_method: str = taxonomy.PRISTINE_METHOD
    manipulation_type: str = taxonomy.PRISTINE_TYPE
    target_identity: str | None = None
    source_identity: str | None = None
    source_video: str | None = None
    context: str = "other"
    compression_level: str = taxonomy.UNKNOWN
    generator: str | None = None
    licence: str | None = None
    split: str = ""
    component_id: str = ""
    digest: str = ""
    container: str = ""
    codec: str = ""
    num_frames: int = 0
    fps: float = 0.0
    duration_seconds: float = 0.0
    width: int = 0
    height: int = 0

    @property
    def key(self) -> str:
        """The record key: the plain file stem is not unique in FaceForensics++ and its like."""
        return f"{self.dataset}/{self.manipulation_method}/{self.video_id}"

    @property
    def identities(self) -> frozenset[str]:
        """The people in the video, as `dataset/name` unless the manifest gives a `/` itself."""
        names = filter(None, (self.target_identity, self.source_identity))
        return frozenset(name if "/" in name else f"{self.dataset}/{name}" for name in names)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "VideoRecord":
        return cls(**json.loads(text))


def read(path: str | pathlib.Path) -> list[VideoRecord]:
    """Reads a JSONL file of records, in file order."""
    return list(_lines(pathlib.Path(path)))


def write(path: str | pathlib.Path, records: Iterable[VideoRecord]) -> None:
    """Writes records as JSONL, one line each, in the order given."""
    text = "".join(record.to_json() + "\n" for record in records)
    pathlib.Path(path).write_text(text, encoding="utf-8")


def _lines(path: pathlib.Path) -> Iterator[VideoRecord]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield VideoRecord.from_json(line)
