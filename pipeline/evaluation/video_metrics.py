"""VideoMetrics: the TFMA metric whose unit is the video, with intervals and gate metrics.

The tracks of a record key are joined by the highest score, as a service answers for a video. In a
slice, a video is joined over those of its tracks that lie in the slice.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_util
from tensorflow_model_analysis.proto import config_pb2

from pipeline.evaluation import gates, score_intervals, statistics
from schemas import features

LOWER: Final = "_lower"
UPPER: Final = "_upper"
NAMES: Final = (
    *statistics.COUNTS,
    *(name + end for name in statistics.RATES for end in ("", LOWER, UPPER)),
    *gates.STATISTIC_OF,
)


class Settings(NamedTuple):
    """How VideoMetrics computes; see `pipeline.config.sections.EvaluationConfig`."""

    min_slice_videos: int
    bootstrap_rounds: int
    confidence_level: float


class VideoScore(NamedTuple):
    """One video: whether it is fake, and P(fake) of its highest track."""

    is_fake: bool
    score: float

    def joined(self, other: "VideoScore") -> "VideoScore":
        """The same video seen through further tracks; a score that is not finite survives."""
        score = float(np.maximum(self.score, other.score))
        return VideoScore(self.is_fake or other.is_fake, score)


Videos = dict[bytes, VideoScore]  # by record key


def summarize(videos: Videos, settings: Settings) -> dict[str, float]:
    """Computes `NAMES` over `videos`; NaN where undefined, `gates.NOT_GATED` where not gated."""
    ordered = [videos[key] for key in sorted(videos)]  # the bootstrap depends on the order
    is_fake = np.array([video.is_fake for video in ordered], dtype=np.bool_)
    scores = np.array([video.score for video in ordered], dtype=np.float64)
    size = gates.SliceSize(int(is_fake.sum()), int((~is_fake).sum()))
    measured = {name: float(row[0]) for name, row in statistics.measure(is_fake, scores).items()}
    bounds = statistics.intervals(
        is_fake,
        scores,
        rounds=settings.bootstrap_rounds,
        confidence_level=settings.confidence_level,
    )
    bounds |= score_intervals.intervals(
        measured,
        num_fake=size.num_fakes,
        num_real=size.num_reals,
        confidence_level=settings.confidence_level,
    )
    return {
        **dict(zip(statistics.COUNTS, map(float, (len(ordered), *size)), strict=True)),
        **measured,
        **{name + LOWER: low for name, (low, _) in bounds.items()},
        **{name + UPPER: high for name, (_, high) in bounds.items()},
        **gates.values(size, measured, settings.min_slice_videos),
    }


class VideoMetrics(tfma.metrics.Metric):
    """Computes `NAMES`; named in an EvalConfig by module and class.

    Args:
      min_slice_videos: Videos from which a slice is gated.
      bootstrap_rounds: Resamples of the intervals.
      confidence_level: Of the intervals, in (0, 1).
      code_fingerprint: Digest of this package. Evaluator has no other parameter for it: inside
        the EvalConfig it becomes part of the cache key, and a fix here is not served from cache.
      name: Of the metric as a whole; its values have names of their own.
    """

    def __init__(
        self,
        min_slice_videos: int,
        bootstrap_rounds: int,
        confidence_level: float,
        code_fingerprint: str,
        name: str = "video_metrics",
    ) -> None:
        super().__init__(
            metric_util.merge_per_key_computations(_computations),
            name=name,
            min_slice_videos=min_slice_videos,
            bootstrap_rounds=bootstrap_rounds,
            confidence_level=confidence_level,
            code_fingerprint=code_fingerprint,
        )


def _computations(
    name: str,
    min_slice_videos: int,
    bootstrap_rounds: int,
    confidence_level: float,
    code_fingerprint: str,
    eval_config: config_pb2.EvalConfig | None = None,
    model_name: str = "",
    output_name: str = "",
) -> list[tfma.metrics.MetricComputation]:
    del name, code_fingerprint  # TFMA passes all that the constructor got
    keys = {
        value: tfma.metrics.MetricKey(
            value,
            model_name=model_name,
            output_name=output_name,
            example_weighted=None,  # as in the keys that TFMA makes of thresholds: False differs
        )
        for value in NAMES
    }
    settings = Settings(min_slice_videos, bootstrap_rounds, confidence_level)
    return [
        tfma.metrics.MetricComputation(
            keys=list(keys.values()),
            preprocessors=[tfma.metrics.FeaturePreprocessor(feature_keys=[features.RECORD_KEY])],
            combiner=VideoMetricsCombineFn(keys, settings, eval_config, model_name, output_name),
        )
    ]


class VideoMetricsCombineFn(beam.CombineFn):
    """Joins tracks to videos, then summarizes them; the accumulator holds one entry per video."""

    def __init__(
        self,
        keys: dict[str, tfma.metrics.MetricKey],
        settings: Settings,
        eval_config: config_pb2.EvalConfig | None,
        model_name: str,
        output_name: str,
    ) -> None:
        self._keys = keys
        self._settings = settings
        self._source = {
            "eval_config": eval_config,
            "model_name": model_name,
            "output_name": output_name,
        }

    def create_accumulator(self) -> Videos:
        return {}

    def add_input(self, accumulator: Videos, element: Any) -> Videos:
        key = np.asarray(element.features[features.RECORD_KEY]).item()
        tracks = metric_util.to_label_prediction_example_weight(element, **self._source)
        for label, prediction, _ in tracks:
            track = VideoScore(bool(label.item()), float(prediction.item()))
            accumulator[key] = accumulator.get(key, track).joined(track)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Videos]) -> Videos:
        merged: Videos = {}
        for accumulator in accumulators:
            for key, video in accumulator.items():
                merged[key] = merged.get(key, video).joined(video)
        return merged

    def extract_output(self, accumulator: Videos) -> dict[tfma.metrics.MetricKey, float]:
        summary = summarize(accumulator, self._settings)
        return {self._keys[name]: value for name, value in summary.items()}
