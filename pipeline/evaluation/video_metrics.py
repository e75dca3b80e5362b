"""VideoMetrics: the TFMA metric whose unit is the video, with intervals and gate metrics."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_util
from tensorflow_model_analysis.proto import config_pb2

from pipeline.evaluation import gates, score_intervals, statistics, video_scores
from pipeline.evaluation.video_scores import Videos

LOWER: Final = "_lower"
UPPER: Final = "_upper"
NAMES: Final = (
    *statistics.COUNTS,
    *(name + end for name in statistics.RATES for end in ("", LOWER, UPPER)),
    *gates.STATISTIC_OF,
)


class Settings(NamedTuple):
    """The part of `pipeline.config.sections.EvaluationConfig` that is stored with the results.

    Attributes:
      min_slice_videos: Videos of each class in a slice from which it is gated, at least 1.
      bootstrap_rounds: Resamples of the videos that intervals are made of.
      confidence_level: Confidence level of the intervals over videos, in (0, 1).
    """

    min_slice_videos: int
    bootstrap_rounds: int
    confidence_level: float


def summarize(videos: Videos, settings: Settings) -> dict[str, float]:
    """Computes `NAMES` over `videos`; NaN where undefined, `gates.NOT_GATED` where not gated."""
    is_fake, scores = video_scores.arrays(videos)
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
        **dict(zip(statistics.COUNTS, map(float, (len(videos), *size)), strict=True)),
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
      confidence_level: Confidence level of the intervals, in (0, 1).
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
) -> tfma.metrics.MetricComputations:
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
    joined = video_scores.computation(eval_config, model_name, output_name)

    def result(computed: Mapping[tfma.metrics.MetricKey, Any]) -> dict[Any, float]:
        values = summarize(computed[joined.keys[0]], settings)
        return {keys[value]: number for value, number in values.items()}

    derived = tfma.metrics.DerivedMetricComputation(keys=list(keys.values()), result=result)
    return [joined, derived]
