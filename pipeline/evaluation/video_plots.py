"""VideoPlots: the TFMA metric that keeps what curves over videos are drawn from.

TFMA's own ConfusionMatrixPlot and CalibrationPlot are over tracks. These are the same messages over
videos, and the videos that the model is most mistaken about. G thresholds, V videos.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_util
from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2

from pipeline.evaluation import video_scores
from pipeline.evaluation.video_scores import Videos
from schemas import erased, scoring
from schemas.scoring import Bools, Float64s, VideoScore

CALIBRATION: Final = "video_calibration"
CONFUSION_MATRICES: Final = "video_confusion_matrices"
PLOTS: Final = (CALIBRATION, CONFUSION_MATRICES)
WORST_VIDEOS: Final = "worst_videos"  # JSON rows: SHA-256 of the record key, is fake, score

_MAX_SCORES: Final = 480  # distinct scores kept as thresholds, by quantiles
_GRID: Final = np.linspace(0, 1, 21)  # always kept; 0.5 is among them
_BELOW_ALL: Final = -1e-6  # as TFMA's: above it lies every score, 0 too

_Matrices: TypeAlias = metrics_for_slice_pb2.ConfusionMatrixAtThresholds
_Buckets: TypeAlias = metrics_for_slice_pb2.CalibrationHistogramBuckets


def thresholds(scores: Float64s) -> Float64s:
    """The thresholds [G] at which videos are counted, ascending, G at most 502.

    Args:
      scores: [V], P(fake) in [0, 1].
    """
    distinct = np.unique(scores)
    kept = np.linspace(0, len(distinct) - 1, min(len(distinct), _MAX_SCORES)).round()
    return np.unique(np.concatenate([[_BELOW_ALL], distinct[kept.astype(np.intp)], _GRID]))


def confusion_matrices(is_fake: Bools, scores: Float64s) -> _Matrices:
    """Videos above and not above each of `thresholds`.

    Args:
      is_fake: [V] bool, whether each video is manipulated.
      scores: [V], P(fake) in [0, 1].
    """
    chosen = thresholds(scores)
    fakes, reals = np.sort(scores[is_fake]), np.sort(scores[~is_fake])
    missed = np.searchsorted(fakes, chosen, side="right")
    passed = np.searchsorted(reals, chosen, side="right")
    message = _Matrices()
    for threshold, fn, tn in zip(chosen.tolist(), missed.tolist(), passed.tolist(), strict=True):
        tp, fp = len(fakes) - fn, len(reals) - tn
        message.matrices.add(
            threshold=threshold,
            true_positives=tp,
            false_positives=fp,
            true_negatives=tn,
            false_negatives=fn,
            precision=tp / (tp + fp) if tp + fp else math.nan,
            recall=tp / len(fakes) if len(fakes) else math.nan,
        )
    return message


def calibration(is_fake: Bools, scores: Float64s) -> _Buckets:
    """Videos in the bins of the expected calibration error.

    Args:
      is_fake: [V] bool, whether each video is manipulated.
      scores: [V], P(fake) in [0, 1].
    """
    size = scoring.NUM_ECE_BINS
    bins = scoring.ece_bins(scores)
    columns = (np.bincount(bins, w, size) for w in (None, is_fake, scores))
    message = _Buckets()
    for index, (videos, fakes, total) in enumerate(zip(*columns, strict=True)):
        message.buckets.add(
            lower_threshold_inclusive=index / size,
            upper_threshold_exclusive=math.inf if index == size - 1 else (index + 1) / size,
            num_weighted_examples={"value": float(videos)},
            total_weighted_label={"value": float(fakes)},
            total_weighted_refined_prediction={"value": float(total)},
        )
    return message


def worst_videos(videos: Videos, count: int) -> bytes:
    """JSON rows of the `count` videos of the greatest log loss: digest, is fake, score.

    The digest is that of the record key, so that an evaluation names nobody who may have to be
    erased. A score that is not finite comes first, as null.
    """
    first = sorted(videos.items(), key=lambda item: (-_distance(item[1]), item[0]))[:count]
    rows = [(erased.digest(key.decode()), *_json_score(video)) for key, video in first]
    return json.dumps(rows).encode()


def _json_score(video: VideoScore) -> tuple[bool, float | None]:
    return video.is_fake, video.score if math.isfinite(video.score) else None


def _distance(video: VideoScore) -> float:
    """Between the score and the label; the log loss rises with it."""
    if not math.isfinite(video.score):
        return math.inf
    return 1 - video.score if video.is_fake else video.score


class VideoPlots(tfma.metrics.Metric):
    """Keeps `PLOTS` and `WORST_VIDEOS`; named in an EvalConfig by module and class.

    Args:
      num_worst_videos: How many are kept by digest; the scores of the others are not.
      code_fingerprint: See `video_metrics.VideoMetrics`.
      name: Of the metric as a whole; its values have names of their own.
    """

    def __init__(
        self, num_worst_videos: int, code_fingerprint: str, name: str = "video_plots"
    ) -> None:
        super().__init__(
            metric_util.merge_per_key_computations(_computations),
            name=name,
            num_worst_videos=num_worst_videos,
            code_fingerprint=code_fingerprint,
        )


def _computations(
    name: str,
    num_worst_videos: int,
    code_fingerprint: str,
    eval_config: config_pb2.EvalConfig | None = None,
    model_name: str = "",
    output_name: str = "",
) -> tfma.metrics.MetricComputations:
    del name, code_fingerprint  # TFMA passes all that the constructor got
    where = {"model_name": model_name, "output_name": output_name}
    keys = {plot: tfma.metrics.PlotKey(plot, **where) for plot in PLOTS}
    keys[WORST_VIDEOS] = tfma.metrics.MetricKey(WORST_VIDEOS, **where)
    joined = video_scores.computation(eval_config, model_name, output_name)

    def result(computed: Mapping[tfma.metrics.MetricKey, Any]) -> dict[Any, Any]:
        values = _kept(computed[joined.keys[0]], num_worst_videos)
        return {keys[value]: kept for value, kept in values}

    derived = tfma.metrics.DerivedMetricComputation(keys=list(keys.values()), result=result)
    return [joined, derived]


def _kept(videos: Videos, num_worst_videos: int) -> Iterator[tuple[str, Any]]:
    is_fake, scores = video_scores.arrays(videos)
    is_drawn = bool(np.isfinite(scores).all())  # as all statistics are undefined otherwise
    yield CALIBRATION, calibration(is_fake, scores) if is_drawn else _Buckets()
    yield CONFUSION_MATRICES, confusion_matrices(is_fake, scores) if is_drawn else _Matrices()
    yield WORST_VIDEOS, worst_videos(videos, num_worst_videos)
