"""Small results of a Beam pipeline: written as lines by its workers, read back by its caller.

A worker may be another machine, so that results travel through files, below a URI that Beam's
file systems can open on both sides. Each attempt has a folder of its own: what a broken attempt
left is never read. Some Beam runners lose data without a word; so everything is counted.
"""

import collections
import uuid
from collections.abc import Iterable
from typing import Protocol

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.transforms.combiners import Count

from schemas.errors import RunnerError

_SHOWN = 3


class Line(Protocol):
    """A result that can be written as one line."""

    def to_json(self) -> str:
        """The result as JSON, without a line break."""


class Lines:
    """The results of one attempt of one Beam pipeline, in named files.

    Call `collect` while the pipeline is built, and `read` once it has run.
    """

    def __init__(self, uri: str) -> None:
        """Names a folder that no other attempt has; it is made when it is written to.

        Args:
          uri: Folder below which results are kept; any URI that Beam's file systems can open.
        """
        self._folder = FileSystems.join(uri, f"attempt-{uuid.uuid4().hex}")

    def collect(self, name: str, values: beam.PCollection) -> None:
        """Has each of `values`, a PCollection of `Line`, written to the file called `name`."""
        lines = values | f"{name}ToJson" >> beam.Map(lambda value: value.to_json())
        count = lines | f"Count[{name}]" >> Count.Globally()
        for file, content in ((self._path(name), lines), (self._count_path(name), count)):
            # One file of a fixed name: there are no shards to be found, or missed, by a pattern.
            _ = content | f"Write[{file.rpartition('/')[2]}]" >> beam.io.WriteToText(
                file, num_shards=1, shard_name_template=""
            )

    def read(self, name: str) -> list[str]:
        """Reads what was collected under `name`, in no special order.

        Raises:
          RunnerError: `beam_results_lost`: The file is gone, or holds another number of lines than
            the workers counted.
        """
        paths = (self._path(name), self._count_path(name))
        missing = [path for path in paths if not FileSystems.exists(path)]
        if missing:
            raise _lost(f"the Beam runner did not write {missing[0]}")
        lines, count = map(_lines, paths)
        if count != [str(len(lines))]:
            raise _lost(
                f"{paths[0]} holds {len(lines)} lines, but the Beam runner counted"
                f" {' and '.join(count) or 'nothing'}"
            )
        return lines

    def _path(self, name: str) -> str:
        return str(FileSystems.join(self._folder, f"{name}.jsonl"))

    def _count_path(self, name: str) -> str:
        return str(FileSystems.join(self._folder, f"{name}.count"))


def check_outcomes(expected: Iterable[str], *outcomes: Iterable[str]) -> None:
    """Checks that every video ended in exactly one outcome.

    Args:
      expected: Record keys of the videos that went into the pipeline, each once.
      *outcomes: For each way that a video may end, the record keys that ended so.

    Raises:
      RunnerError: `beam_results_lost`: A video has no outcome, several, or was never asked for.
    """
    wanted = set(expected)
    found = collections.Counter(key for keys in outcomes for key in keys)
    wrong = sorted(wanted ^ {key for key, count in found.items() if count == 1})
    if wrong:
        raise _lost(
            f"{len(wrong)} of {len(wanted)} videos were not accepted or rejected exactly once,"
            f" such as {', '.join(wrong[:_SHOWN])}"
        )


def _lost(found: str) -> RunnerError:
    return RunnerError(
        "beam_results_lost", f"{found}; use a Beam runner that loses no data, as the DirectRunner"
    )


def _lines(path: str) -> list[str]:
    with FileSystems.open(path) as file:
        return file.read().decode("utf-8").splitlines()
