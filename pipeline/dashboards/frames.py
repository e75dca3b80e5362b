"""Face crops of chosen videos, as JPEG files beside the pages that show them.

A page refers to the files and never holds them: `lineage erase` finds the crops of a video by the
names of their files. What was erased is not written again.
"""

import collections
import dataclasses
import pathlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pipeline.dashboards import sources as outputs
from pipeline.dashboards.sources import RunSources
from pipeline.runs.folders import DashboardFolder
from schemas import erased, features, files, track_index, video_record
from schemas.errors import DashboardError
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crop:
    """One crop: its file, relative to the pages of the run, and its time in the video."""

    href: str
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class FaceTrack:
    """What is shown of a video: its face track with the most frames.

    Attributes:
      record_key: Key of the video.
      split: Split that the video is in.
      slices: Value of each slice key of `schemas.features`, by key.
      face_pixels: Median size of the face, in pixels of the video.
      num_present: Number of frames of the track that show the face.
      num_frames: Number of sampled frames of the track.
      crops: Crops that were written, in temporal order.
    """

    record_key: str
    split: str
    slices: Mapping[str, str]
    face_pixels: float
    num_present: int
    num_frames: int
    crops: tuple[Crop, ...]


def showable(sources: RunSources) -> dict[str, VideoRecord]:
    """The accepted videos of the run by key, without those that were erased.

    Empty where the manifest is gone, which tells who is in a video and so what was erased.
    """
    folder = sources.files(outputs.MANIFEST)
    if folder is None:
        return {}
    gone = erased.ErasedKeys(erased.read(sources.output / erased.FILE_NAME))
    records = video_record.read(folder / video_record.FILE_NAME)
    return {record.key: record for record in records if not gone.covers(record)}


def main_tracks(sources: RunSources) -> dict[str, TrackRow]:
    """The track of each video that shows the face in most frames, by record key.

    Empty where the examples are gone.
    """
    folder = sources.files(outputs.EXAMPLES)
    if folder is None:
        return {}
    # The index is sorted by key, and of equal tracks `max` would keep the first as well.
    chosen: dict[str, TrackRow] = {}
    for row in track_index.read(str(folder)):
        former = chosen.get(row.record_key)
        if former is None or row.num_present > former.num_present:
            chosen[row.record_key] = row
    return chosen


def write(
    sources: RunSources, record_keys: Collection[str], *, per_video: int
) -> dict[str, FaceTrack]:
    """Writes crops of the chosen videos into the site.

    One pass over each split that holds one of them, which ends with the last of them; crops of one
    video are in memory at a time.

    Args:
      sources: Sources of the run.
      record_keys: Keys of the chosen videos; those erased or without a track are left out.
      per_video: Crops per video, spread evenly over the frames that show the face.

    Returns:
      What was written, by record key; empty where the examples are gone.
    """
    folder, allowed = sources.files(outputs.EXAMPLES), showable(sources)
    if folder is None:
        return {}
    by_split: dict[str, set[str]] = collections.defaultdict(set)
    for key, row in main_tracks(sources).items():
        if key in record_keys and key in allowed:
            by_split[row.split].add(row.video_key)
    written = {}
    for split, video_keys in sorted(by_split.items()):
        for values in _examples(folder / f"Split-{split}", video_keys):
            track = _written(values, split, per_video, sources)
            written[track.record_key] = track
    for key in written.keys() - showable(sources).keys():  # erased meanwhile
        for path in sources.site.frames_of(key):
            path.unlink(missing_ok=True)
        del written[key]
    return written


def evenly(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of the numbers: both ends and evenly between; of one, the middle one."""
    if count == 1 or len(numbers) <= count:
        return [numbers[len(numbers) // 2]] if numbers and count == 1 else list(numbers)
    last = len(numbers) - 1
    return [numbers[round(step * last / (count - 1))] for step in range(count)]


def _examples(folder: pathlib.Path, video_keys: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Yields the features of the tracks with those keys, until all are found."""
    import tensorflow as tf  # seconds to import; not every page shows crops

    files = sorted(str(path) for path in folder.iterdir() if path.is_file())
    missing = set(video_keys)
    for serialized in _records(tf.data.TFRecordDataset(files, "GZIP"), folder):
        values = tf.train.Example.FromString(serialized).features.feature
        key = _text(values, features.VIDEO_KEY)
        if key in missing:
            yield values
            missing.remove(key)
        if not missing:
            return


def _written(
    values: Mapping[str, Any], split: str, per_video: int, sources: RunSources
) -> FaceTrack:
    jpegs = values[features.TRACK_FRAMES].bytes_list.value
    times = values[features.FRAME_TIMES].float_list.value
    present = values[features.FRAME_PRESENT].int64_list.value
    record_key, video_key = _text(values, features.RECORD_KEY), _text(values, features.VIDEO_KEY)
    # Clips of a short video overlap: a frame that is in two of them is shown once.
    shown = {times[number]: number for number in range(len(jpegs)) if present[number]}
    first = int(video_key.rpartition("/")[2]) * len(jpegs)  # tracks of a video share no names
    crops = []
    for number in evenly([shown[time] for time in sorted(shown)], per_video):
        path = sources.site.frame(sources.run_id, record_key, first + number)
        files.write(path, jpegs[number])
        crops.append(Crop(href=_href(path, sources.site, sources.run_id), seconds=times[number]))
    return FaceTrack(
        record_key=record_key,
        split=split,
        slices={key: _text(values, key) for key in features.SLICE_KEYS},
        face_pixels=values[features.MEDIAN_FACE_PIXELS].float_list.value[0],
        num_present=sum(present),
        num_frames=len(jpegs),
        crops=tuple(crops),
    )


def _text(values: Mapping[str, Any], key: str) -> str:
    return str(values[key].bytes_list.value[0].decode())


def _href(path: pathlib.Path, site: DashboardFolder, run_id: str) -> str:
    return path.relative_to(site.run(run_id)).as_posix()


def _records(dataset: Any, folder: pathlib.Path) -> Iterator[bytes]:
    """Yields the records of a dataset.

    Raises:
      DashboardError: `unreadable_examples`: A file is torn.
    """
    import tensorflow as tf

    try:
        yield from dataset.as_numpy_iterator()
    except tf.errors.DataLossError as error:
        raise DashboardError(
            "unreadable_examples",
            f"cannot read the examples in {folder}: {error.message}; restore them, or run"
            " FrameExtractor again",
        ) from error
