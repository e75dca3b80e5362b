"""Reads the curves of an evaluation over videos, through TFMA's API; `video_plots` wrote them.

G thresholds.
"""

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import metrics_for_slice_pb2
from tensorflow_model_analysis.slicer import slicer_lib

from pipeline.evaluation import results, video_plots
from schemas import run_report

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """Videos whose score lies in [lower, upper); the last bin holds 1, too.

    Attributes:
      lower: Lower end of the bin, in [0, 1].
      upper: Upper end of the bin, in [0, 1].
      num_videos: Videos in it; 0 for an empty bin.
      num_fake: Fake videos in the bin.
      total_score: Sum of the scores P(fake) of the videos in the bin.
    """

    lower: float
    upper: float
    num_videos: int
    num_fake: int
    total_score: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorstVideo:
    """A video that the model is much mistaken about.

    Attributes:
      record_sha256: SHA-256 of the video's record key, made by `schemas.erased.digest`.
      is_fake: Whether the video is manipulated.
      score: P(fake), NaN if not finite.
    """

    record_sha256: str
    is_fake: bool
    score: float


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """What the curves of one slice are made of.

    Attributes:
      num_fake: Fake videos of the slice.
      num_real: Pristine ones.
      thresholds: [G] float64, ascending, from below every score to 1. The scores themselves, or
        as many of them by quantiles as are kept, and a grid that holds 0.5.
      true_positives: [G] int64, fake videos that score above the threshold.
      false_positives: [G] int64, pristine videos that score above the threshold.
      bins: Those of the ECE, ascending.
      worst: Videos of the greatest log loss, greatest first.
    """

    num_fake: int
    num_real: int
    thresholds: Array
    true_positives: Counts
    false_positives: Counts
    bins: tuple[CalibrationBin, ...]
    worst: tuple[WorstVideo, ...]

    @property
    def has_both_classes(self) -> bool:
        """Whether there is anything to tell apart."""
        return self.num_fake > 0 and self.num_real > 0


def load(evaluation_uri: str, *, of_baseline: bool = False) -> Mapping[str, Curves] | None:
    """Reads the curves in the folder `evaluation_uri`.

    Args:
      evaluation_uri: Folder of a ModelEvaluation.
      of_baseline: Whether to read those of the model that the candidate was compared with.

    Returns:
      By slice name as in `run_report.SliceSummary`, the overall slice first; a slice with a score
      that is not finite has none. None if the evaluation was made without curves, or without a
      baseline.
    """
    model = results.candidate_name(evaluation_uri)
    if of_baseline and not model:
        return None
    model = tfma.BASELINE_KEY if of_baseline else model
    worst = dict(_worst(tfma.load_metrics(evaluation_uri), model))
    if not worst:
        return None
    found = dict(_curves(tfma.load_plots(evaluation_uri), model, worst))
    return {name: found[name] for name in sorted(found, key=lambda n: (n != run_report.OVERALL, n))}


def _worst(
    slices: Iterable[metrics_for_slice_pb2.MetricsForSlice], model: str
) -> Iterator[tuple[str, tuple[WorstVideo, ...]]]:
    for entry in slices:
        for metric in entry.metric_keys_and_values:
            if (metric.key.name, metric.key.model_name) == (video_plots.WORST_VIDEOS, model):
                rows = json.loads(metric.value.bytes_value)
                yield _name(entry.slice_key), tuple(_video(*row) for row in rows)


def _video(record_sha256: str, is_fake: bool, score: float | None) -> WorstVideo:
    return WorstVideo(
        record_sha256=record_sha256, is_fake=is_fake, score=math.nan if score is None else score
    )


def _curves(
    slices: Iterable[metrics_for_slice_pb2.PlotsForSlice],
    model: str,
    worst: Mapping[str, tuple[WorstVideo, ...]],
) -> Iterator[tuple[str, Curves]]:
    for entry in slices:
        plots = {
            plot.key.name: plot.value
            for plot in entry.plot_keys_and_values
            if plot.key.model_name == model and plot.key.name in video_plots.PLOTS
        }
        name = _name(entry.slice_key)
        matrices = plots[video_plots.CONFUSION_MATRICES].confusion_matrix_at_thresholds.matrices
        if matrices:
            buckets = plots[video_plots.CALIBRATION].calibration_histogram_buckets.buckets
            yield name, _slice(matrices, buckets, worst[name])


def _slice(
    matrices: Iterable[
        metrics_for_slice_pb2.ConfusionMatrixAtThresholds.ConfusionMatrixAtThreshold
    ],
    buckets: Iterable[metrics_for_slice_pb2.CalibrationHistogramBuckets.Bucket],
    worst: tuple[WorstVideo, ...],
) -> Curves:
    rows = [(m.threshold, m.true_positives, m.false_positives) for m in matrices]
    thresholds, tp, fp = np.array(rows, dtype=np.float64).T
    return Curves(
        num_fake=int(tp[0]),
        num_real=int(fp[0]),
        thresholds=thresholds,
        true_positives=tp.astype(np.int64),
        false_positives=fp.astype(np.int64),
        bins=tuple(_bin(bucket) for bucket in buckets),
        worst=worst,
    )


def _bin(bucket: metrics_for_slice_pb2.CalibrationHistogramBuckets.Bucket) -> CalibrationBin:
    return CalibrationBin(
        lower=bucket.lower_threshold_inclusive,
        upper=min(bucket.upper_threshold_exclusive, 1.0),
        num_videos=round(bucket.num_weighted_examples.value),
        num_fake=round(bucket.total_weighted_label.value),
        total_score=bucket.total_weighted_refined_prediction.value,
    )


def _name(key: metrics_for_slice_pb2.SliceKey) -> str:
    return run_report.slice_name(slicer_lib.deserialize_slice_key(key))
