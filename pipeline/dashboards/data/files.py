"""What the data page reads of a run's artifacts; what the run has not made is None or empty."""

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any, Final, cast

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components import dead_letters
from components.data_gate import keys as gate_keys
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.sources import RunSources
from schemas import erased, taxonomy, track_index, video_record
from schemas.dead_letter import DeadLetter
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

_ALL_EXAMPLES: Final = ("", "All Examples")  # TFDV names the statistics of a whole split so
_STATISTICS_FILE: Final = "FeatureStats.pb"
_ANOMALIES_FILE: Final = "SchemaDiff.pb"
_SCHEMA_FILE: Final = "schema.pbtxt"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Letters:
    """The dead letters of one node.

    Attributes:
      node: Id of the node that wrote them.
      folder: Folder that holds the files of the letters.
      letters: Dead letters in the order of their record keys, without those of erased videos.
      num_inputs: Rows or videos that the node looked at.
    """

    node: str
    folder: pathlib.Path
    letters: tuple[DeadLetter, ...]
    num_inputs: int


def records(sources: RunSources) -> tuple[VideoRecord, ...]:
    """The videos that VideoValidator accepted."""
    folder = sources.files(outputs.MANIFEST)
    return tuple(video_record.read(folder / video_record.FILE_NAME)) if folder else ()


def tracks(sources: RunSources) -> tuple[TrackRow, ...]:
    """The face tracks that FrameExtractor wrote."""
    folder = sources.files(outputs.EXAMPLES)
    return tuple(track_index.read(str(folder))) if folder else ()


def letters(sources: RunSources) -> tuple[Letters, ...]:
    """The dead letters by node, in the order of the nodes."""
    found = ((output, sources.artifact(output)) for output in outputs.REJECTED)
    gone = erased.ErasedKeys(erased.read(sources.output / erased.FILE_NAME))
    # A letter names no person; the manifest says who is in a video that was rejected later.
    covered = {record.key for record in records(sources) if gone.covers(record)}
    return tuple(
        Letters(
            node=output.partition(".")[0],
            folder=folder,
            letters=tuple(
                letter
                for letter in dead_letters.read(artifact.uri)
                if letter.record_key not in covered
                and not gone.holds(erased.VIDEO, letter.record_key)
            ),
            num_inputs=cast(int, artifact.properties["num_inputs"]),
        )
        for output, artifact in found
        if artifact and (folder := outputs.folder_of(artifact))
    )


def statistics(folder: pathlib.Path | None) -> dict[str, statistics_pb2.DatasetFeatureStatistics]:
    """TFDV's statistics by split, in the order of the splits; of splits with examples only."""
    found = {}
    for split, path in _split_files(folder, _STATISTICS_FILE):
        for dataset in tfdv.load_stats_binary(str(path)).datasets:
            if dataset.name in _ALL_EXAMPLES and dataset.num_examples:
                found[split] = dataset
    return found


def anomalies(sources: RunSources) -> dict[str, anomalies_pb2.Anomalies]:
    """What ExampleValidator found, by split, in the order of the splits."""
    found = {}
    for split, path in _split_files(sources.files(outputs.ANOMALIES), _ANOMALIES_FILE):
        found[split] = anomalies_pb2.Anomalies.FromString(path.read_bytes())
    return found


def schema(sources: RunSources) -> schema_pb2.Schema | None:
    """The schema that the examples are held against."""
    folder = sources.files(outputs.SCHEMA)
    return tfdv.load_schema_text(str(folder / _SCHEMA_FILE)) if folder else None


def gate_report(sources: RunSources) -> Mapping[str, Any] | None:
    """What DataGate wrote; it leaves no report where it stops a run."""
    folder = sources.files(outputs.DATA_REPORT)
    if folder is None:
        return None
    report: dict[str, Any] = json.loads((folder / gate_keys.REPORT_FILE).read_text("utf-8"))
    return report


def _split_files(folder: pathlib.Path | None, name: str) -> list[tuple[str, pathlib.Path]]:
    if folder is None:
        return []
    paths = ((split, folder / f"Split-{split}" / name) for split in taxonomy.SPLITS)
    return [(split, path) for split, path in paths if path.is_file()]
