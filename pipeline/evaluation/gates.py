"""Gates: which statistic is held against which threshold, on which slice.

Manipulation methods are an open vocabulary, unknown when the graph is compiled, so TFMA can be
given a threshold per slice *key* but not per slice. It also holds a metric that is missing or NaN
for a failure. Therefore each threshold of a slice has a metric of its own, always present: it
equals the statistic where the threshold applies, and `NOT_GATED`, above every threshold, where it
does not.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

# Not from `tfma`: TFMA 0.52 has these names there only after `tfx.components` was imported.
from tensorflow_model_analysis.proto import config_pb2

from pipeline.config.sections import EvaluationConfig
from pipeline.evaluation import statistics

GATED_RECALL: Final = "gated_recall"
GATED_SPECIFICITY: Final = "gated_specificity"
GATED_AUC: Final = "gated_auc"
NOT_GATED: Final = math.inf

# The statistic that each gate metric repeats.
STATISTIC_OF: Final = {
    GATED_RECALL: statistics.RECALL,
    GATED_SPECIFICITY: statistics.SPECIFICITY,
    GATED_AUC: statistics.AUC,
}

_ROUNDING: Final = 1e-9  # 0.90 - 0.92 < -0.02 in floating point, and yet that drop is allowed


class SliceSize(NamedTuple):
    """Videos of each class in a slice."""

    num_fakes: int
    num_reals: int


def applicable(size: SliceSize, min_videos: int) -> str | None:
    """The gate metric that decides on a slice of `size`, None where the slice is not gated.

    Fakes alone are held to recall, reals alone to specificity, both together to AUC; each class
    that is there must have `min_videos` videos.
    """
    present = [count for count in size if count]
    if not present or min(present) < min_videos:
        return None
    if len(present) > 1:
        return GATED_AUC
    return GATED_RECALL if size.num_fakes else GATED_SPECIFICITY


def values(size: SliceSize, measured: Mapping[str, float], min_videos: int) -> dict[str, float]:
    """Values of the gate metrics on a slice whose statistics are `measured`."""
    chosen = applicable(size, min_videos)
    return {
        gate: measured[statistic] if gate == chosen else NOT_GATED
        for gate, statistic in STATISTIC_OF.items()
    }


def thresholds(config: EvaluationConfig) -> dict[str, config_pb2.PerSliceMetricThresholds]:
    """The thresholds of `config` as TFMA holds them, by metric name."""
    everything = [config_pb2.SlicingSpec()]
    auc = _at_least(config.min_auc)
    auc.change_threshold.CopyFrom(
        config_pb2.GenericChangeThreshold(
            direction=config_pb2.MetricDirection.HIGHER_IS_BETTER,
            absolute={"value": -config.max_auc_drop - _ROUNDING},
        )
    )
    found = {
        statistics.AUC: _on(everything, auc),
        statistics.BALANCED_ACCURACY: _on(everything, _at_least(config.min_balanced_accuracy)),
        statistics.NUM_FAKE_VIDEOS: _on(everything, _at_least(config.min_test_videos)),
        statistics.NUM_REAL_VIDEOS: _on(everything, _at_least(config.min_test_videos)),
    }
    if config.slices:
        by_key = [config_pb2.SlicingSpec(feature_keys=[key]) for key in config.slices]
        found[GATED_RECALL] = _on(by_key, _at_least(config.min_slice_recall))
        found[GATED_SPECIFICITY] = _on(by_key, _at_least(config.min_slice_specificity))
        found[GATED_AUC] = _on(by_key, _at_least(config.min_slice_auc))
    return found


class Threshold(NamedTuple):
    """What `metric` of a slice by one of `slice_keys` must reach: `bound`."""

    metric: str
    slice_keys: frozenset[str]  # empty for the overall slice
    bound: float
    is_change: bool  # bound on candidate minus baseline


def applied(metrics_specs: Iterable[config_pb2.MetricsSpec]) -> Iterator[Threshold]:
    """Yields the thresholds that TFMA applied, by the configuration in its results."""
    for spec in metrics_specs:
        for metric, per_slice in sorted(spec.per_slice_thresholds.items()):
            for entry in per_slice.thresholds:
                keys = frozenset(key for s in entry.slicing_specs for key in s.feature_keys)
                if entry.threshold.HasField("value_threshold"):
                    bound = entry.threshold.value_threshold.lower_bound.value
                    yield Threshold(metric, keys, bound, is_change=False)
                if entry.threshold.HasField("change_threshold"):
                    bound = entry.threshold.change_threshold.absolute.value + _ROUNDING
                    yield Threshold(metric, keys, round(bound, 9), is_change=True)


def _at_least(bound: float) -> config_pb2.MetricThreshold:
    return config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": bound})
    )


def _on(
    slices: list[config_pb2.SlicingSpec], threshold: config_pb2.MetricThreshold
) -> config_pb2.PerSliceMetricThresholds:
    entry = config_pb2.PerSliceMetricThreshold(slicing_specs=slices, threshold=threshold)
    return config_pb2.PerSliceMetricThresholds(thresholds=[entry])
