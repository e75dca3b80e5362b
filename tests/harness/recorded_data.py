"""A small run as its nodes leave it: manifest, letters, real TFRecords, real TFDV statistics.

It has 16 videos of 8 people, of 4 frames each. The colour of a crop is `SHADES` of its frame, so
that a test sees which frame it is; frames 1 and 3 of a person's first video are fillers.
"""

import dataclasses
import datetime
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import made_reports
import pyarrow as pa
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate import facts, rules
from components.data_gate.settings import GateLimits
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.sources import RunSources
from pipeline.lineage.records import LIVE, Artifact
from pipeline.runs.folders import DashboardFolder, RunFolder
from pipeline.runs.state import RunState
from schemas import features, taxonomy, track_index, video_record
from schemas.dead_letter import DeadLetter
from schemas.run_report import RunReport
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

RUN: Final = "20260102-030405-made"
SHADES: Final = (40, 100, 160, 220)
SPLITS: Final = ("train", "train", "train", "train", "val", "calibration", "test", "test")
NOTHING_WRONG: Final = made_reports.report(run_id=RUN, notice="Made up for a test.")


def records() -> list[VideoRecord]:
    """Of each of 8 people one pristine video and one fake."""
    return [_record(person, is_fake) for person in range(8) for is_fake in (False, True)]


def _record(person: int, is_fake: bool) -> VideoRecord:
    return VideoRecord(
        video_id=f"p{person}_fake" if is_fake else f"p{person}",
        path=f"/videos/p{person}_{is_fake}.mp4",
        is_fake=is_fake,
        dataset="lab",
        manipulation_method="swap" if is_fake else taxonomy.PRISTINE_METHOD,
        manipulation_type="face_swap" if is_fake else taxonomy.PRISTINE_TYPE,
        target_identity=f"person{person}",
        context="news",
        compression_level="c23" if person % 2 else "c40",
        split=SPLITS[person],
        component_id=f"component{person}",
        digest=f"{person}{int(is_fake)}" * 32,
        codec="h264",
        num_frames=50,
        fps=25.0,
        duration_seconds=90.0,
        width=640,
        height=480,
    )


def features_of(record: VideoRecord, track: int = 0) -> dict[str, list[Any]]:
    """The track example of a video, by feature key."""
    person = int(record.target_identity.removeprefix("person"))
    present = [1, 1, 1, 1] if record.is_fake else [1, 0, 1, 0]
    return {
        features.TRACK_FRAMES: [jpeg(shade) for shade in SHADES],
        features.FRAME_PRESENT: present,
        features.FRAME_TIMES: [0.0, 0.5, 1.0, 1.5],
        features.IS_FAKE: [int(record.is_fake)],
        features.RECORD_KEY: [record.key.encode()],
        features.VIDEO_KEY: [f"{record.key}/{track}".encode()],
        features.DATASET_NAME: [record.dataset.encode()],
        features.MANIPULATION_METHOD: [record.manipulation_method.encode()],
        features.MANIPULATION_TYPE: [record.manipulation_type.encode()],
        features.COMPRESSION_LEVEL: [record.compression_level.encode()],
        features.CONTEXT: [record.context.encode()],
        features.VIDEO_CODEC: [record.codec.encode()],
        features.FACE_SIZE_BUCKET: [b"large" if person == 7 else b"medium"],
        features.RESOLUTION_BUCKET: [b"hd"],
        features.MEDIAN_FACE_PIXELS: [100.0 + 10 * person],
        features.CROP_SHARPNESS: [50.0 + person],
        features.DETECTOR_CONFIDENCE: [0.9],
        features.SOURCE_FPS: [25.0],
        features.PREPROCESSING_HASH: [b"h" * 64],
    }


def jpeg(shade: int) -> bytes:
    """A grey square."""
    return bytes(tf.io.encode_jpeg(tf.fill([16, 16, 3], tf.cast(shade, tf.uint8))).numpy())


def write_examples(folder: pathlib.Path, found: Sequence[VideoRecord]) -> None:
    """The Examples of FrameExtractor: a pristine video has a second, shorter track."""
    rows = []
    for split in taxonomy.SPLITS:
        (folder / f"Split-{split}").mkdir(parents=True)
        path = folder / f"Split-{split}" / "tracks-00000-of-00001.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for record in sorted(found, key=lambda record: record.key):
                for track in range(1 if record.is_fake else 2) if record.split == split else ():
                    values = features_of(record, track)
                    present = sum(values[features.FRAME_PRESENT]) - track
                    rows.append(
                        TrackRow(
                            video_key=f"{record.key}/{track}",
                            record_key=record.key,
                            split=split,
                            num_present=present,
                            digest="",
                        )
                    )
                    writer.write(_example(values).SerializeToString())
    track_index.write(str(folder), rows)


def _example(values: Mapping[str, Sequence[Any]]) -> tf.train.Example:
    made = {}
    for key, found in values.items():
        if isinstance(found[0], bytes):
            made[key] = tf.train.Feature(bytes_list=tf.train.BytesList(value=found))
        elif isinstance(found[0], float):
            made[key] = tf.train.Feature(float_list=tf.train.FloatList(value=found))
        else:
            made[key] = tf.train.Feature(int64_list=tf.train.Int64List(value=found))
    return tf.train.Example(features=tf.train.Features(feature=made))


def statistics_of(
    values: Sequence[Mapping[str, Sequence[Any]]],
) -> statistics_pb2.DatasetFeatureStatisticsList:
    """TFDV's statistics of track examples."""
    columns = {key: pa.array([dict(one)[key] for one in values]) for key in values[0]}
    batch = pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
    return stats_impl.generate_statistics_in_memory(batch)


def write_statistics(
    folder: pathlib.Path, by_split: Mapping[str, Sequence[Mapping[str, Sequence[Any]]]]
) -> None:
    """The ExampleStatistics of StatisticsGen."""
    for split, values in by_split.items():
        (folder / f"Split-{split}").mkdir(parents=True)
        path = folder / f"Split-{split}" / "FeatureStats.pb"
        path.write_bytes(statistics_of(values).SerializeToString())


def write_anomalies(folder: pathlib.Path, statistics: pathlib.Path) -> None:
    """The ExampleAnomalies of ExampleValidator, for the shipped schema."""
    schema = tfdv.load_schema_text(str(features.TRACK_EXAMPLE_SCHEMA))
    for split in sorted(statistics.iterdir()):
        found = tfdv.validate_statistics(
            tfdv.load_stats_binary(str(split / "FeatureStats.pb")), schema
        )
        (folder / split.name).mkdir(parents=True)
        (folder / split.name / "SchemaDiff.pb").write_bytes(found.SerializeToString())


def write_gate_report(folder: pathlib.Path, found: facts.Facts, limits: GateLimits) -> None:
    """The DataReport of DataGate, broken rules included (where TFX would keep none)."""
    outcomes = [rule(found, limits) for rule in rules.ALL]
    report = {
        "passed": all(outcome.passed for outcome in outcomes),
        "rules": [dataclasses.asdict(outcome) for outcome in outcomes],
    }
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(report))


def write_letters(folder: pathlib.Path, letters: Sequence[DeadLetter]) -> None:
    """DeadLetters."""
    folder.mkdir(parents=True)
    text = "".join(letter.to_json() + "\n" for letter in letters)
    (folder / "dead-letters-00000-of-00001.jsonl").write_text(text)


def write_data(
    folder: pathlib.Path, letters: Sequence[DeadLetter] = ()
) -> dict[str, Sequence[Artifact]]:
    """Everything that the data nodes write, below `folder`; the artifacts by output."""
    found = records()
    (folder / "manifest").mkdir(parents=True)
    video_record.write(folder / "manifest" / video_record.FILE_NAME, found)
    write_letters(folder / "letters", letters)
    write_letters(folder / "lost", [])
    write_examples(folder / "examples", found)
    by_split = {
        split: [features_of(record) for record in found if record.split == split]
        for split in taxonomy.SPLITS
    }
    write_statistics(folder / "statistics", by_split)
    write_anomalies(folder / "anomalies", folder / "statistics")
    (folder / "schema").mkdir()
    text = features.TRACK_EXAMPLE_SCHEMA.read_text(encoding="utf-8")
    (folder / "schema" / "schema.pbtxt").write_text(text, encoding="utf-8")
    num_inputs = len(found) + len(letters)
    return {
        outputs.MANIFEST: [artifact(folder / "manifest")],
        outputs.REJECTED[0]: [artifact(folder / "letters", num_inputs=num_inputs)],
        outputs.REJECTED[1]: [artifact(folder / "lost", num_inputs=len(found))],
        outputs.EXAMPLES: [artifact(folder / "examples")],
        outputs.STATISTICS: [artifact(folder / "statistics")],
        outputs.ANOMALIES: [artifact(folder / "anomalies")],
        outputs.SCHEMA: [artifact(folder / "schema")],
    }


def artifact(folder: pathlib.Path, **properties: int) -> Artifact:
    """A live artifact with its files in `folder`."""
    return Artifact(
        id=1,
        type=folder.name,
        uri=str(folder),
        state=LIVE,
        properties=properties,
        created=datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
    )


def run_of(
    output: pathlib.Path,
    artifacts: Mapping[str, Sequence[Artifact]],
    report: RunReport = NOTHING_WRONG,
    **others: Any,
) -> RunSources:
    """The sources of a run in `output`."""
    return RunSources(
        folder=RunFolder(output / RUN),
        site=DashboardFolder.below(output),
        state=RunState(()),
        report=report,
        artifacts=artifacts,
        **others,
    )
