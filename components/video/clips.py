"""From a video file to face tracks and their clips: the one path of training and serving."""

import dataclasses
import itertools
import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.video import crops, reader, tracks
from components.video.faces import Face, FaceDetector
from schemas.clip_spec import ClipSpec
from schemas.errors import TooFewFramesError, VideoError
from schemas.face_config import FaceConfig

_TOLERANCE_SECONDS = 1e-6  # of times that containers round


def clip_indices(times: Sequence[float], spec: ClipSpec) -> list[list[int]]:
    """Display indices of K clips of T frames, spread evenly over the video.

    Clips start between the first frame and the last time at which a whole clip still fits (a
    single clip starts in the middle). Inside a clip frames are 1 / `sample_fps` seconds apart,
    each the first frame at or after its time, and never less than one frame apart. In videos
    shorter than one clip the frames move closer together and all clips are equal; in short
    videos clips overlap.

    Args:
      times: Time of every frame, in seconds, ascending.
      spec: Number of clips K, frames per clip T, and sampling rate.

    Returns:
      K lists of T indices, each strictly ascending.

    Raises:
      TooFewFramesError: The video has fewer than T frames.
    """
    num_frames, clip_length = len(times), spec.num_frames
    if num_frames < clip_length:
        raise TooFewFramesError(
            "too_few_frames",
            f"{num_frames} frames, but a clip takes {clip_length}; send a longer video",
        )
    stamps = np.asarray(times, np.float64)
    room = stamps[-1] - stamps[0]
    clip_seconds = min((clip_length - 1) / spec.sample_fps, room)
    offsets = np.linspace(0, clip_seconds, clip_length)
    shares = np.linspace(0, 1, spec.num_clips) if spec.num_clips > 1 else np.array([0.5])
    starts = stamps[0] + shares * (room - clip_seconds)
    return [_clip(stamps, start + offsets) for start in starts]


def _clip(stamps: np.ndarray, wanted: np.ndarray) -> list[int]:
    """First frames at or after the `wanted` times, moved where they would meet or run out."""
    steps = np.arange(len(wanted))
    found = np.searchsorted(stamps, wanted - _TOLERANCE_SECONDS)
    distinct = np.maximum.accumulate(found - steps) + steps
    last_possible = len(stamps) - len(wanted) + steps
    return [int(index) for index in np.minimum(distinct, last_possible)]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """One face as K clips of T crops; N = K x T, clip after clip, each in display order.

    Attributes:
      index: 0 = the dominant face: present in the most frames, then the largest.
      frames: N JPEG crops, RGB, `crop_size` squared; black where the face was not found.
      present: [N] int64: 1 = face found, 0 = not.
      times: [N] float64: seconds from the first frame of the video.
      boxes: [N, 4] float64: x, y, width, height in pixels of the video; 0 where not found.
      median_face_pixels: Geometric mean of the box sides, median over the found frames.
      sharpness: Variance of the Laplacian of the crops, median over the found frames.
      confidence: Mean detector score, in [0, 1].
    """

    index: int
    frames: tuple[bytes, ...]
    present: NDArray[np.int64]
    times: NDArray[np.float64]
    boxes: NDArray[np.float64]
    median_face_pixels: float
    sharpness: float
    confidence: float


class _Sighting(NamedTuple):
    """A face in a sampled frame, with its crop [H, W, 3] uint8 RGB."""

    face: Face
    crop: NDArray[np.uint8]


class _FoundTrack(NamedTuple):
    """A track as sightings by sampled frame."""

    sightings: dict[int, _Sighting]
    num_present: int  # of the N frames; clips that overlap count a sampled frame twice
    face_pixels: float  # longer side of the box, median


def iter_tracks(
    path: str | pathlib.Path, spec: ClipSpec, faces: FaceConfig, detector: FaceDetector
) -> Iterator[Track]:
    """Yields the face tracks of the video at `path`, the dominant one first.

    Each sampled frame is decoded once, searched for faces and let go: only crops are kept. A
    frame without the track's face stays, with `present` 0 and a black crop, so that the time
    axis stays even. Crops are encoded when their track is asked for.

    Args:
      path: A file that FFmpeg can open.
      spec: Geometry of the clips; at most `spec.max_tracks` tracks are yielded.
      faces: When faces are usable and how they are linked.
      detector: Finds the faces; made by `find_detector(faces.detector, faces)`.

    Raises:
      UndecodableVideoError, NoVideoStreamError, CorruptFramesError: As in `reader.sample`.
      TooFewFramesError: The video has fewer than T frames, or no face is in enough of them.
      VideoError: `no_face`: No sampled frame shows a face. There is no default score.
      VideoError: `face_too_small`: Every face is smaller than `faces.min_face_pixels`.
    """
    clips: list[list[int]] = []

    def pick(times: Sequence[float]) -> list[int]:
        clips[:] = clip_indices(times, spec)
        return list(itertools.chain.from_iterable(clips))

    def look(frame: NDArray[np.uint8]) -> list[_Sighting]:
        return [
            _Sighting(face, crops.crop(frame, face.box, margin=spec.margin, size=spec.crop_size))
            for face in detector.detect(frame)
        ]

    sampled = reader.sample(path, pick, look)
    order = {index: number for number, index in enumerate(sampled.indices)}
    positions = [order[index] for index in itertools.chain.from_iterable(clips)]
    times = np.array([sampled.times[number] for number in positions], np.float64)
    found = _find_tracks(sampled.results, positions, faces)
    for index, track in enumerate(found[: spec.max_tracks]):
        yield _make_track(index, track, positions, times, spec)


def _find_tracks(
    results: Sequence[Sequence[_Sighting]], positions: Sequence[int], faces: FaceConfig
) -> list[_FoundTrack]:
    """Usable tracks, the dominant one first; `positions` are the sampled frames of the N."""
    links = tracks.link(
        [[sighting.face for sighting in sightings] for sightings in results],
        min_overlap=faces.min_overlap,
        max_gap_frames=faces.max_gap_frames,
    )
    if not links:
        raise VideoError(
            "no_face",
            f"no face in any of {len(results)} sampled frames; send a video that shows a face",
        )
    found = [_found_track(link, results, positions) for link in links]
    large = [track for track in found if track.face_pixels >= faces.min_face_pixels]
    if not large:
        largest = max(track.face_pixels for track in found)
        raise VideoError(
            "face_too_small",
            f"the largest face is {largest:.0f} pixels wide, at least {faces.min_face_pixels} "
            f"are needed; send the video at a higher resolution",
        )
    least = faces.min_present * len(positions)
    usable = [track for track in large if track.num_present >= least]
    if not usable:
        most = max(track.num_present for track in large)
        raise TooFewFramesError(
            "too_few_frames",
            f"the same face is in {most} of {len(positions)} sampled frames, at least "
            f"{least:.0f} are needed; send a part that shows it for longer",
        )
    return sorted(usable, key=lambda track: (-track.num_present, -track.face_pixels))


def _found_track(
    link: tracks.Link, results: Sequence[Sequence[_Sighting]], positions: Sequence[int]
) -> _FoundTrack:
    sightings = {number: results[number][face] for number, face in link.items()}
    sides = [max(sighting.face.box[2:]) for sighting in sightings.values()]
    num_present = sum(number in sightings for number in positions)
    return _FoundTrack(sightings, num_present, float(np.median(sides)))


def _make_track(
    index: int,
    track: _FoundTrack,
    positions: Sequence[int],
    times: NDArray[np.float64],
    spec: ClipSpec,
) -> Track:
    sightings = track.sightings
    black = crops.encode_jpeg(
        np.zeros((spec.crop_size, spec.crop_size, 3), np.uint8), spec.jpeg_quality
    )
    encoded = {
        number: crops.encode_jpeg(sighting.crop, spec.jpeg_quality)
        for number, sighting in sightings.items()
    }
    boxes = {number: sighting.face.box for number, sighting in sightings.items()}
    sizes = [np.sqrt(np.prod(box[2:])) for box in boxes.values()]
    return Track(
        index=index,
        frames=tuple(encoded.get(number, black) for number in positions),
        present=np.array([number in sightings for number in positions], np.int64),
        times=times,
        boxes=np.array([boxes.get(number, np.zeros(4)) for number in positions]),
        median_face_pixels=float(np.median(sizes)),
        sharpness=float(np.median([crops.sharpness(s.crop) for s in sightings.values()])),
        confidence=float(np.mean([s.face.score for s in sightings.values()])),
    )
