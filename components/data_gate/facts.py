"""What DataGate judges: read from the artifacts once, plain data from then on."""

import dataclasses
import pathlib
from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx import types
from tfx.types import artifact_utils

from components import artifact_files, dead_letters
from components.data_gate import keys
from schemas import track_index, video_record
from schemas.dead_letter import DeadLetter
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

_ALL_EXAMPLES = ("", "All Examples")  # TFDV names the statistics of a whole split so


@dataclasses.dataclass(frozen=True, kw_only=True)
class Anomaly:
    """A finding of ExampleValidator.

    Attributes:
      split: Where it was found.
      feature: Feature that it concerns; empty for the data set as a whole.
      severity: `ERROR` or `WARNING`.
      description: TFDV's own words.
    """

    split: str
    feature: str
    severity: str
    description: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the rules look at.

    Attributes:
      anomalies: Of all splits.
      num_examples: By split, as StatisticsGen counted them.
      records: Accepted videos.
      tracks: One for each example.
      letters: Dead letters of validation and extraction.
      num_rows: Rows of the manifest.
    """

    anomalies: tuple[Anomaly, ...]
    num_examples: dict[str, int]
    records: tuple[VideoRecord, ...]
    tracks: tuple[TrackRow, ...]
    letters: tuple[DeadLetter, ...]
    num_rows: int


def read(inputs: dict[str, list[types.Artifact]]) -> Facts:
    """Reads the facts from DataGate's input artifacts."""
    one = {key: artifact_utils.get_single_instance(found) for key, found in inputs.items()}
    validator, extractor = one[keys.LETTERS_VALIDATOR], one[keys.LETTERS_EXTRACTOR]
    manifest_file = artifact_files.local_folder(one[keys.MANIFEST].uri) / video_record.FILE_NAME
    examples = artifact_files.local_folder(one[keys.EXAMPLES].uri)
    return Facts(
        anomalies=tuple(_anomalies(one[keys.ANOMALIES])),
        num_examples=dict(_num_examples(one[keys.STATISTICS])),
        records=tuple(video_record.read(manifest_file)),
        tracks=tuple(track_index.read(str(examples))),
        letters=(*dead_letters.read(validator.uri), *dead_letters.read(extractor.uri)),
        num_rows=validator.num_inputs,
    )


def _anomalies(artifact: types.Artifact) -> Iterator[Anomaly]:
    for split in artifact_utils.decode_split_names(artifact.split_names):
        found = anomalies_pb2.Anomalies()
        found.ParseFromString(_split_file(artifact, split, "SchemaDiff.pb").read_bytes())
        entries = dict(found.anomaly_info)
        if found.HasField("dataset_anomaly_info"):
            entries[""] = found.dataset_anomaly_info
        for feature, info in sorted(entries.items()):
            yield Anomaly(
                split=split,
                feature=feature,
                severity=anomalies_pb2.AnomalyInfo.Severity.Name(info.severity),
                description=info.description or info.short_description,
            )


def _num_examples(artifact: types.Artifact) -> Iterator[tuple[str, int]]:
    for split in artifact_utils.decode_split_names(artifact.split_names):
        found = statistics_pb2.DatasetFeatureStatisticsList()
        found.ParseFromString(_split_file(artifact, split, "FeatureStats.pb").read_bytes())
        whole = (stats for stats in found.datasets if stats.name in _ALL_EXAMPLES)
        yield split, int(sum(stats.num_examples for stats in whole))


def _split_file(artifact: types.Artifact, split: str, name: str) -> pathlib.Path:
    return artifact_files.local_folder(artifact_utils.get_split_uri([artifact], split)) / name
