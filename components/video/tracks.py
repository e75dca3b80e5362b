"""Face tracks: boxes of successive sampled frames, linked by overlap.

Each frame's faces are matched to the live tracks greedily, best overlap first, as in the IoU
tracker of Bochinski et al. (AVSS 2017). Boxes across gaps are not interpolated: where the
face was not found, the track has no entry.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.video.faces import Face

Link = dict[int, int]  # sampled frame to the face of that frame


def link(
    frames: Sequence[Sequence[Face]], *, min_overlap: float, max_gap_frames: int
) -> list[Link]:
    """Links the faces of successive sampled frames.

    Args:
      frames: Faces of each sampled frame, in display order.
      min_overlap: Intersection over union with the track's last box from which a face
        continues it.
      max_gap_frames: Sampled frames that a track may miss before it ends.

    Returns:
      Tracks in order of their first frame; each face belongs to exactly one.
    """
    tracks: list[Link] = []
    for number, faces in enumerate(frames):
        live = [track for track in tracks if number - max(track) <= max_gap_frames + 1]
        last_boxes = [_last_face(frames, track).box for track in live]
        matches = _match(last_boxes, [face.box for face in faces], min_overlap)
        for found in range(len(faces)):
            if found in matches:
                live[matches[found]][number] = found
            else:
                tracks.append({number: found})
    return tracks


def overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Intersection over union of two boxes x, y, width, height, in [0, 1]."""
    low = np.maximum(a[:2], b[:2])
    high = np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    total = float(a[2] * a[3] + b[2] * b[3]) - shared
    return shared / total if total > 0 else 0.0


def _last_face(frames: Sequence[Sequence[Face]], track: Link) -> Face:
    number = max(track)
    return frames[number][track[number]]


def _match(
    olds: Sequence[NDArray[np.float64]], news: Sequence[NDArray[np.float64]], min_overlap: float
) -> dict[int, int]:
    """New box to old box, one to one, best overlap first; ties go to the earlier ones."""
    pairs = [(overlap(a, b), i, j) for i, a in enumerate(olds) for j, b in enumerate(news)]
    matches: dict[int, int] = {}
    for share, i, j in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if share > 0 and share >= min_overlap and j not in matches and i not in matches.values():
            matches[j] = i
    return matches
