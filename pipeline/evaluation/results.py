"""Reads what an evaluation found, through TFMA's API, from the folder of a ModelEvaluation.

Whether a gate passed is TFMA's word; nothing is compared again here.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2, validation_result_pb2
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.writers import eval_config_writer

from pipeline.evaluation import gates, statistics, video_metrics
from schemas.run_report import (
    OVERALL,
    Estimate,
    EvaluationSummary,
    Gate,
    SliceSummary,
    slice_name,
)

SliceKey = tuple[tuple[str, str], ...]  # TFMA's; empty for the overall slice
Metrics = dict[str, float]
Failed = frozenset[tuple[SliceKey, str, bool]]  # slice, metric, whether a change was judged

# What TFMA's stock metrics report although one class is missing (0.0 or 1.0, not NaN).
_NEEDS_BOTH_CLASSES: Final = frozenset(
    ("auc", "auc_precision_recall", "balanced_accuracy", "f1_score", "precision")
)
_SHOWN: Final = {
    **gates.STATISTIC_OF,
    statistics.NUM_FAKE_VIDEOS: "number of fake videos",
    statistics.NUM_REAL_VIDEOS: "number of real videos",
}


def load(evaluation_uri: str) -> EvaluationSummary:
    """Reads the evaluation in the folder `evaluation_uri`."""
    config, *_ = eval_config_writer.load_eval_run(evaluation_uri)
    has_baseline = any(spec.is_baseline for spec in config.model_specs)
    entries = list(tfma.load_metrics(evaluation_uri))
    candidate = _metrics(entries, candidate_name(evaluation_uri))
    baseline = _metrics(entries, tfma.BASELINE_KEY) if has_baseline else {}
    validation = tfma.load_validation_result(evaluation_uri)
    found = [
        *_missing(validation),
        *_gates(config, candidate, baseline, _failures(validation)),
    ]
    return EvaluationSummary(
        blessed=validation.validation_ok,
        has_baseline=has_baseline,
        slices=tuple(_summary(key, candidate[key]) for key in sorted(candidate)),
        gates=tuple(sorted(found, key=lambda gate: gate.passed)),
    )


def candidate_name(evaluation_uri: str) -> str:
    """The evaluated model's name in TFMA's results, which have names only where there are two."""
    config, *_ = eval_config_writer.load_eval_run(evaluation_uri)
    is_compared = any(spec.is_baseline for spec in config.model_specs)
    return tfma.CANDIDATE_KEY if is_compared else ""


def baseline_slices(evaluation_uri: str) -> tuple[SliceSummary, ...]:
    """Statistics of the model that the candidate was compared with; empty if there was none."""
    config, *_ = eval_config_writer.load_eval_run(evaluation_uri)
    if not any(spec.is_baseline for spec in config.model_specs):
        return ()
    baseline = _metrics(tfma.load_metrics(evaluation_uri), tfma.BASELINE_KEY)
    return tuple(_summary(key, baseline[key]) for key in sorted(baseline))


def settings(evaluation_uri: str) -> video_metrics.Settings:
    """How the evaluation in the folder `evaluation_uri` was made."""
    config, *_ = eval_config_writer.load_eval_run(evaluation_uri)
    name = video_metrics.VideoMetrics.__name__
    stored = next(
        json.loads(metric.config)
        for spec in config.metrics_specs
        for metric in spec.metrics
        if metric.class_name == name
    )
    return video_metrics.Settings(*(stored[field] for field in video_metrics.Settings._fields))


def _metrics(
    entries: Iterable[metrics_for_slice_pb2.MetricsForSlice], model: str
) -> dict[SliceKey, Metrics]:
    return {
        slicer_lib.deserialize_slice_key(entry.slice_key): _numbers(entry, model)
        for entry in entries
    }


def _numbers(entry: metrics_for_slice_pb2.MetricsForSlice, model: str) -> Metrics:
    """Keeps single numbers of one model; TFMA counts examples without naming a model."""
    return {
        metric.key.name: metric.value.double_value.value
        for metric in entry.metric_keys_and_values
        if metric.key.model_name in (model, "")
        and not metric.key.is_diff
        and metric.value.HasField("double_value")
    }


def _summary(key: SliceKey, metrics: Metrics) -> SliceSummary:
    counts = {name: int(metrics[name]) for name in statistics.COUNTS}
    one_class = not (counts[statistics.NUM_FAKE_VIDEOS] and counts[statistics.NUM_REAL_VIDEOS])
    undefined = _NEEDS_BOTH_CLASSES if one_class else frozenset()
    estimates = {
        name: Estimate(
            value=metrics[name],
            lower=_finite(metrics[name + video_metrics.LOWER]),
            upper=_finite(metrics[name + video_metrics.UPPER]),
        )
        for name in statistics.RATES
        if math.isfinite(metrics[name])
    }
    tracks = {
        name: value
        for name, value in metrics.items()
        if name not in video_metrics.NAMES and name not in undefined and math.isfinite(value)
    }
    return SliceSummary(name=slice_name(key), **counts, metrics=estimates, track_metrics=tracks)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _failures(validation: validation_result_pb2.ValidationResult) -> Failed:
    return frozenset(
        (
            slicer_lib.deserialize_slice_key(entry.slice_key),
            failure.metric_key.name,
            failure.metric_key.is_diff,
        )
        for entry in validation.metric_validations_per_slice
        for failure in entry.failures
    )


def _missing(validation: validation_result_pb2.ValidationResult) -> Iterator[Gate]:
    for spec in validation.missing_slices:
        name = ", ".join(spec.feature_keys) or OVERALL
        yield Gate(
            metric=statistics.NUM_VIDEOS,
            slice_name=name,
            value=None,
            bound=1.0,
            baseline=None,
            passed=False,
            reason=f"no evaluated video has a value for the slice {name}",
        )


def _gates(
    config: config_pb2.EvalConfig,
    candidate: Mapping[SliceKey, Metrics],
    baseline: Mapping[SliceKey, Metrics],
    failed: Failed,
) -> Iterator[Gate]:
    for threshold in gates.applied(config.metrics_specs):
        for key, metrics in sorted(candidate.items()):
            if not _holds_for(threshold, key) or metrics[threshold.metric] == gates.NOT_GATED:
                continue
            passed = (key, threshold.metric, threshold.is_change) not in failed
            former = baseline[key][threshold.metric] if threshold.is_change else None
            yield _gate(threshold, key, metrics, former, passed)


def _holds_for(threshold: gates.Threshold, key: SliceKey) -> bool:
    features = {feature for feature, _ in key}
    return features <= threshold.slice_keys if features else not threshold.slice_keys


def _gate(
    threshold: gates.Threshold, key: SliceKey, metrics: Metrics, former: float | None, passed: bool
) -> Gate:
    value = metrics[threshold.metric]
    return Gate(
        metric=gates.STATISTIC_OF.get(threshold.metric, threshold.metric),
        slice_name=slice_name(key),
        value=None if math.isnan(value) else value,
        bound=threshold.bound,
        baseline=None if former is None or math.isnan(former) else former,
        passed=passed,
        reason=_sentence(threshold, key, metrics, former, passed),
    )


def _sentence(
    threshold: gates.Threshold, key: SliceKey, metrics: Metrics, former: float | None, passed: bool
) -> str:
    value, name = metrics[threshold.metric], slice_name(key)
    shown = _SHOWN.get(threshold.metric, threshold.metric)
    if math.isnan(value):
        return f"{shown} is undefined on {name}: a class is missing or a score is not finite"
    if former is not None and math.isnan(former):
        return f"{shown} of the baseline is undefined on {name}: a score is not finite"
    sign, digits = ">=" if passed else "<", 0 if threshold.metric in statistics.COUNTS else 3
    if former is None:
        compared, remark = threshold.bound, f" ({_size(metrics)})" if key else ""
    else:
        compared = former + threshold.bound
        remark = f" (baseline {former:.3f}, allowed drop {-threshold.bound:.3f})"
    return f"{shown} {value:.{digits}f} {sign} {compared:.{digits}f}{remark} on {name}"


def _size(metrics: Metrics) -> str:
    fakes, reals = metrics[statistics.NUM_FAKE_VIDEOS], metrics[statistics.NUM_REAL_VIDEOS]
    parts = ((fakes, "fake"), (reals, "real"))
    return ", ".join(f"{count:.0f} {kind}" for count, kind in parts if count)
