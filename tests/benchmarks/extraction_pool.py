"""Face tracks from child processes, each video under a time limit, against a plain call."""

import pathlib
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

import cv2
from measuring import WALL, Outcome, Way, compare

from components.video import clips, pool
from components.video.detector import find_detector
from components.video.faces import FaceDetector
from pipeline.demo import dataset
from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig

TIMEOUT_SECONDS: Final = 300.0
SPEC: Final = ClipSpec()
FACES: Final = FaceConfig()
Crops = dict[str, list[tuple[bytes, ...]]]  # JPEG crops of the tracks of each video


def run(folder: pathlib.Path) -> Outcome:
    """Measures running workers, and workers that are started for the job."""
    manifest = dataset.write_dataset(folder, num_identities=2, num_takes=1)
    paths = sorted((manifest.parent / dataset.VIDEOS_FOLDER).glob("*.mp4"))
    cv2.setNumThreads(1)  # as the workers
    detector = find_detector(FACES.detector, FACES)
    with ExitStack() as stack:
        one, two = (stack.enter_context(_start(number)) for number in (1, 2))
        plain = Way("iter_tracks", lambda: _extract_here(paths, detector))
        single = Way("1 running worker", lambda: _extract(paths, one))
        double = Way("2 running workers", lambda: _extract(paths, two))
        started = Way("1 worker and its start", lambda: _start_and_extract(paths))
        figures = [
            compare("overhead", single, plain, agree=_are_equal),
            compare("with_start", started, plain, agree=_are_equal, pairs=3),
            compare("two_workers", double, single, agree=_are_equal, clock=WALL),
        ]
    sizes = {"videos": len(paths), "bytes": sum(path.stat().st_size for path in paths)}
    return Outcome(sizes, figures)


def _start(num_workers: int) -> pool.TrackPool[str]:
    return pool.TrackPool(SPEC, FACES, timeout_seconds=TIMEOUT_SECONDS, num_workers=num_workers)


def _start_and_extract(paths: Sequence[pathlib.Path]) -> Crops:
    with _start(1) as workers:
        return _extract(paths, workers)


def _extract(paths: Sequence[pathlib.Path], workers: pool.TrackPool[str]) -> Crops:
    outcomes = []
    for path in paths:
        if workers.is_full:
            outcomes += workers.wait()
        workers.submit(path.name, str(path))
    while workers.num_running:
        outcomes += workers.wait()
    return {outcome.item: [track.frames for track in outcome.tracks] for outcome in outcomes}


def _extract_here(paths: Sequence[pathlib.Path], detector: FaceDetector) -> Crops:
    return {
        path.name: [track.frames for track in clips.iter_tracks(path, SPEC, FACES, detector)]
        for path in paths
    }


def _are_equal(found: Crops, expected: Crops) -> bool:
    return found == expected and all(found.values())
