"""Beam transforms of FrameExtractor. Knows records, tracks and files; knows no artifact."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import apache_beam as beam
import tensorflow as tf
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.shared import Shared
from apache_beam.utils.windowed_value import WindowedValue

from components.frame_extractor import encode
from components.video import clips, pool
from schemas import progress, track_index
from schemas.clip_spec import ClipSpec
from schemas.dead_letter import DeadLetter
from schemas.errors import VideoError
from schemas.face_config import FaceConfig
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

NAMESPACE: Final = "frame_extractor"
TRACK: Final = "track"
DEAD_LETTER: Final = "dead_letter"


class ExtractSettings(NamedTuple):
    """Settings of `ExtractTracksFn`.

    Attributes:
      clip_spec: Geometry of the track examples.
      face_config: Detection and tracking.
      preprocessing_hash: Written into every example.
      timeout_seconds: Wall time that one video may take.
      num_workers: Child processes of each DoFn instance.
      num_videos: Of the whole run, for progress reports.
    """

    clip_spec: ClipSpec
    face_config: FaceConfig
    preprocessing_hash: str
    timeout_seconds: float
    num_workers: int
    num_videos: int


class EncodedTrack(NamedTuple):
    """A track example on its way to its file."""

    row: TrackRow
    example: bytes


class Work(NamedTuple):
    """A video and the shard file that its tracks go to."""

    shard: str
    record: VideoRecord


class Extracted(NamedTuple):
    """A video with all its usable tracks, the dominant one first."""

    work: Work
    tracks: Sequence[clips.Track]


class ExtractTracksFn(beam.DoFn):
    """Turns Work into Extracted; what is extracted does not depend on the label.

    A video that raises a VideoError goes whole to the DEAD_LETTER output, as a DeadLetter. Any
    other failure fails the bundle: a bug is not bad data. `num_workers` videos are in
    extraction at any time; results come when they are ready, the last ones as the bundle ends.

    Counters, in namespace "frame_extractor": `videos_read`, `videos_rejected` and
    `videos_rejected_<code>`.
    """

    def __init__(self, settings: ExtractSettings) -> None:
        self._settings = settings
        self._pool: pool.TrackPool[Work] | None = None
        self._shared = Shared()

    def setup(self) -> None:
        """Makes the pool; its processes start with the first videos."""
        self._tally = self._shared.acquire(lambda: progress.Tally(self._settings.num_videos))
        self._pool = pool.TrackPool(
            self._settings.clip_spec,
            self._settings.face_config,
            timeout_seconds=self._settings.timeout_seconds,
            num_workers=self._settings.num_workers,
        )

    def teardown(self) -> None:
        """Ends the pool's processes."""
        self._open_pool().close()

    def process(self, work: Work) -> Iterator[Any]:
        """Starts on `work`; yields what earlier videos gave meanwhile."""
        workers = self._open_pool()
        if workers.is_full:
            yield from self._results()
        _count("videos_read")
        workers.submit(work, work.record.path)

    def finish_bundle(self) -> Iterator[Any]:
        """Yields what is left."""
        while self._open_pool().num_running:
            for result in self._results():
                if isinstance(result, TaggedOutput):
                    yield TaggedOutput(result.tag, _in_global_window(result.value))
                else:
                    yield _in_global_window(result)

    def _results(self) -> Iterator[Any]:
        for outcome in self._open_pool().wait():
            self._tally.add(is_rejected=outcome.error is not None)
            if outcome.error is None:
                yield Extracted(outcome.item, outcome.tracks)
            else:
                _count("videos_rejected")
                _count(f"videos_rejected_{outcome.error.code}")
                yield TaggedOutput(DEAD_LETTER, _letter(outcome.item.record, outcome.error))

    def _open_pool(self) -> pool.TrackPool[Work]:
        if self._pool is None:
            raise RuntimeError("Beam did not call setup()")
        return self._pool


class EncodeTracksFn(beam.DoFn):
    """Turns Extracted into (shard, EncodedTrack) pairs: one for each track that counts.

    Here the label is joined; see `track_index.counted`.

    Counters, in namespace "frame_extractor": `tracks_written`, `tracks_not_counted` and
    `videos_ambiguous`.
    """

    def __init__(self, preprocessing_hash: str) -> None:
        self._preprocessing_hash = preprocessing_hash

    def process(self, extracted: Extracted) -> Iterator[Any]:
        """Encodes the tracks of one video that count."""
        (shard, record), tracks = extracted
        chosen = track_index.counted(record, len(tracks))
        _count("tracks_not_counted", len(tracks) - chosen.num_tracks)
        _count("videos_ambiguous", int(chosen.is_ambiguous))
        for track in tracks[: chosen.num_tracks]:
            _count("tracks_written")
            example = encode.example(record, track, self._preprocessing_hash)
            row = TrackRow(
                video_key=encode.video_key(record, track),
                record_key=record.key,
                split=record.split,
                num_present=int(track.present.sum()),
                digest=hashlib.sha256(example).hexdigest(),
                is_ambiguous=chosen.is_ambiguous,
            )
            yield shard, EncodedTrack(row, example)


class WriteShardFn(beam.DoFn):
    """Writes (shard, {TRACK: tracks}) to a gzipped TFRecord file; yields its TrackRows.

    Tracks are sorted by key: the bytes do not depend on the order of extraction, and a retry
    writes the same file again. A shard without tracks is written empty.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def process(self, shard: tuple[str, dict[str, Iterable[EncodedTrack]]]) -> Iterator[TrackRow]:
        """Writes one shard."""
        file, groups = shard
        path = os.path.join(self._folder, file)
        tf.io.gfile.makedirs(os.path.dirname(path))  # noqa: PTH120 (may be remote)
        with tf.io.TFRecordWriter(path, options="GZIP") as writer:
            for track in sorted(groups[TRACK], key=lambda track: track.row.video_key):
                writer.write(track.example)
                yield track.row


def extract(
    pipeline: beam.Pipeline,
    shards: dict[str, list[VideoRecord]],
    folder: str,
    settings: ExtractSettings,
) -> tuple[beam.PCollection, beam.PCollection]:
    """Extracts the videos of all shards and writes their files below `folder`.

    Returns:
      PCollections of TrackRow, one for each example written, and of DeadLetter.
    """
    work = [Work(shard, record) for shard, records in shards.items() for record in records]
    outputs = (
        pipeline
        | "Videos" >> beam.Create(work)
        | beam.Reshuffle()
        | beam.ParDo(ExtractTracksFn(settings)).with_outputs(DEAD_LETTER, main=TRACK)
    )
    encoded = outputs[TRACK] | beam.ParDo(EncodeTracksFn(settings.preprocessing_hash))
    # Grouped with the list of all shards, so that those without tracks are written too.
    listed = pipeline | "Shards" >> beam.Create([(shard, None) for shard in shards])
    rows = (
        {TRACK: encoded, "shard": listed} | beam.CoGroupByKey() | beam.ParDo(WriteShardFn(folder))
    )
    return rows, outputs[DEAD_LETTER]


def _letter(record: VideoRecord, error: VideoError) -> DeadLetter:
    return DeadLetter(
        record_key=record.key,
        code=error.code,
        message=str(error),
        path=record.path,
        split=record.split,
        is_fake=record.is_fake,
        dataset=record.dataset,
        manipulation_method=record.manipulation_method,
    )


def _count(name: str, number: int = 1) -> None:
    if number:
        Metrics.counter(NAMESPACE, name).inc(number)


def _in_global_window(value: object) -> WindowedValue:
    window = GlobalWindow()
    return WindowedValue(value, window.max_timestamp(), (window,))
