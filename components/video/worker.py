"""Child process of `components.video.pool`: extracts tracks from one video after another.

Run as `python -m components.video.worker DESCRIPTOR`, where DESCRIPTOR is the open end of a
`multiprocessing.Pipe`. It imports neither TensorFlow nor Beam. Before each video it sets
itself a timer, whose signal the kernel delivers even while a decoder hangs in C code: the
process then dies, also when its parent is gone. A bug ends it with a traceback on stderr.
"""

import signal
import sys
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

import cv2

from components.video import clips
from components.video.detector import find_detector
from components.video.faces import FaceDetector
from schemas.clip_spec import ClipSpec
from schemas.errors import VideoError
from schemas.face_config import FaceConfig

TIME_LIMIT_SIGNAL: Final = signal.SIGALRM

Tracks = tuple[clips.Track, ...]
Answer = Tracks | VideoError


class Setup(NamedTuple):
    """First message to the child, sent as a plain tuple: here this module is `__main__`."""

    clip_spec: str  # JSON
    face_config: str  # JSON
    timeout_seconds: float


class Job(NamedTuple):
    """Every further message to the child, also sent as a plain tuple."""

    path: str


def main(descriptor: int) -> None:
    """Answers jobs until the parent closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(TIME_LIMIT_SIGNAL, signal.SIG_DFL)
    cv2.setNumThreads(1)
    parent: Connection = Connection(descriptor)
    setup = Setup(*parent.recv())
    spec = ClipSpec.from_json(setup.clip_spec)
    faces = FaceConfig.from_json(setup.face_config)
    detector = find_detector(faces.detector, faces)
    while True:
        try:
            job = Job(*parent.recv())
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, setup.timeout_seconds)
        answer = _extract(job, spec, faces, detector)
        signal.setitimer(signal.ITIMER_REAL, 0)
        parent.send(answer)


def _extract(job: Job, spec: ClipSpec, faces: FaceConfig, detector: FaceDetector) -> Answer:
    try:
        return tuple(clips.iter_tracks(job.path, spec, faces, detector))
    except VideoError as error:
        return error


if __name__ == "__main__":
    main(int(sys.argv[1]))
