"""The list of erased keys: videos and people that no later run may take in again.

A line holds the SHA-256 of a name and not the name. That keeps the name out of sight; it is no
secret: whoever guesses a name can check the guess.
"""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Iterable
from typing import Final

from schemas import files
from schemas.video_record import VideoRecord

FILE_NAME: Final = "erased.jsonl"  # below the output folder

VIDEO: Final = "video"  # named by its record key
IDENTITY: Final = "identity"  # named as in `VideoRecord.identities`

# Custom property, int 1, of Model and PushedModel artifacts trained on what was erased later.
TAINTED: Final = "tainted"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ErasedKey:
    """One line of the list.

    Attributes:
      kind: VIDEO or IDENTITY.
      sha256: SHA-256 of the erased name, 64 hexadecimal digits.
      erased_at: ISO 8601 time, UTC.
    """

    kind: str
    sha256: str
    erased_at: str


class ErasedKeys:
    """The keys of a list."""

    def __init__(self, keys: Iterable[ErasedKey] = ()) -> None:
        self._known = frozenset((key.kind, key.sha256) for key in keys)

    def holds(self, kind: str, name: str) -> bool:
        """Whether the video or identity of that name was erased."""
        return (kind, digest(name)) in self._known

    def covers(self, record: VideoRecord) -> bool:
        """Whether the video, or somebody in it, was erased."""
        if not self._known:
            return False
        return self.holds(VIDEO, record.key) or any(
            self.holds(IDENTITY, name) for name in record.identities
        )


def digest(name: str) -> str:
    """SHA-256 of a name, as the list has it."""
    return hashlib.sha256(name.encode()).hexdigest()


def read(path: str | pathlib.Path) -> list[ErasedKey]:
    """Reads the list at `path`; empty if there is no such file."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [ErasedKey(**json.loads(line)) for line in text.splitlines()]


def add(path: pathlib.Path, key: ErasedKey) -> bool:
    """Adds a key to the list at `path`, which is whole at any time.

    Returns:
      False if it was there already.
    """
    keys = read(path)
    if any((known.kind, known.sha256) == (key.kind, key.sha256) for known in keys):
        return False
    text = "".join(json.dumps(dataclasses.asdict(k), sort_keys=True) + "\n" for k in [*keys, key])
    files.write(path, text, is_durable=True)
    return True
