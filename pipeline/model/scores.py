"""From clip logits to tracks and videos, and how well videos are told apart.

Track: mean of the logits of its clips that show a face. Video: maximum over its tracks. Both
commute with division by a positive temperature.
"""

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


def track_logits(clip_logits: Floats, present: Floats) -> Floats:
    """Mean over the clips with at least one present frame.

    Args:
      clip_logits: [M, K] float32.
      present: [M, K, T] float32 in {0, 1}.

    Returns:
      [M] float32; 0 for a track without any face.
    """
    has_face = present.max(axis=2)
    return (clip_logits * has_face).sum(axis=1) / np.maximum(has_face.sum(axis=1), 1)


def frame_mean_logits(frame_logits: Floats, present: Floats) -> Floats:
    """What the clip logits would be without the recurrent head.

    Args:
      frame_logits: [..., T] float32.
      present: [..., T] float32 in {0, 1}.

    Returns:
      [...] float32; 0 for a clip without any face.
    """
    return (frame_logits * present).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)


def by_video(
    logits: Floats, is_fake: Bools, record_keys: npt.NDArray[np.str_]
) -> tuple[Floats, Bools]:
    """Joins the tracks of each video: maximum of the logits, any of the labels; [M] to [V]."""
    _, first, video = np.unique(record_keys, return_index=True, return_inverse=True)
    joined = np.full(first.size, -np.inf, np.float32)
    np.maximum.at(joined, video, logits)
    labels = np.zeros(first.size, np.bool_)
    np.logical_or.at(labels, video, is_fake)
    return joined, labels


def auc(scores: Floats, is_fake: Bools) -> float:
    """Area under the ROC curve of [V] scores; ties count half (Mann-Whitney).

    Raises:
      ValueError: One of the classes is empty.
    """
    fakes, pristine = int(is_fake.sum()), int((~is_fake).sum())
    if not fakes or not pristine:
        raise ValueError(f"AUC needs both classes, got {pristine} pristine and {fakes} fake")
    ranks = stats.rankdata(scores)
    return float((ranks[is_fake].sum() - fakes * (fakes + 1) / 2) / (fakes * pristine))


def probabilities(logits: Floats) -> Floats:
    """P(fake) of [V] logits, float32 in [0, 1]."""
    return special.expit(logits.astype(np.float32))


def expected_calibration_error(scores: Floats, is_fake: Bools, *, num_bins: int = 10) -> float:
    """Mean distance of confidence and frequency over equal-width bins (Guo et al., 1706.04599).

    Args:
      scores: [V] probabilities of fake, in [0, 1].
      is_fake: [V].
      num_bins: Bins of [0, 1].
    """
    bins = np.minimum((scores * num_bins).astype(int), num_bins - 1)
    gaps = [
        abs(float(scores[bins == one].sum() - is_fake[bins == one].sum()))
        for one in range(num_bins)
    ]
    return sum(gaps) / scores.size
