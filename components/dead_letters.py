"""DeadLetters artifacts: writing them from plain lists, reading them back, counting by code."""

import collections
from collections.abc import Iterable

from tfx import types

from components import artifact_files
from schemas.dead_letter import DeadLetter

FILE_PATTERN = "dead-letters-*.jsonl"


def write(artifact: types.Artifact, letters: Iterable[DeadLetter], *, num_inputs: int) -> None:
    """Writes `letters` into the artifact's folder and sets its properties.

    Args:
      artifact: A `DeadLetters` artifact; its `uri` must exist or be creatable.
      letters: In any order; written sorted by key, so that equal inputs give equal bytes.
      num_inputs: Rows or videos that were looked at, for the ratio.
    """
    ordered = sorted(letters, key=lambda letter: (letter.record_key, letter.code))
    folder = artifact_files.output_folder(artifact.uri)
    text = "".join(letter.to_json() + "\n" for letter in ordered)
    (folder / "dead-letters-00000-of-00001.jsonl").write_text(text, encoding="utf-8")
    artifact.num_letters = len(ordered)
    artifact.num_inputs = num_inputs
    for code, count in sorted(count_by_code(ordered).items()):
        artifact.set_int_custom_property(f"code/{code}", count)


def read(uri: str) -> list[DeadLetter]:
    """Reads all letters below `uri`, sorted by file and line."""
    return [
        DeadLetter.from_json(line)
        for path in sorted(artifact_files.local_folder(uri).glob(FILE_PATTERN))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def count_by_code(letters: Iterable[DeadLetter]) -> dict[str, int]:
    """Number of letters per code."""
    return dict(collections.Counter(letter.code for letter in letters))
