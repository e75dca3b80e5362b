"""The EvalConfig of TFX's Evaluator: model, slices, metrics, thresholds."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tensorflow_model_analysis.proto import config_pb2

from components import fingerprint
from pipeline.config.sections import EvaluationConfig
from pipeline.evaluation import gates, video_metrics, video_plots
from schemas import features, signatures

# Over tracks. FairnessIndicators, BrierScore and LogLoss do not exist in TFMA 0.52.
_TRACK_METRICS: Final = (
    "ExampleCount",
    "BinaryAccuracy",
    "AUC",
    "Precision",
    "Recall",
    "F1Score",
    "Specificity",
    "BalancedAccuracy",
    "BinaryCrossEntropy",
    "MeanLabel",
    "MeanPrediction",
    "ConfusionMatrixPlot",
    "CalibrationPlot",
)
PR_AUC_NAME: Final = "auc_precision_recall"
_NUM_WORST_VIDEOS: Final = 24  # per slice, for the contact sheets of the errors page


def eval_config(config: EvaluationConfig) -> config_pb2.EvalConfig:
    """Builds the EvalConfig of `config`.

    The same one serves with and without a baseline: Evaluator adds the baseline's model spec when
    there is one, and drops the change threshold when there is none.
    """
    model = config_pb2.ModelSpec(
        model_type="tf_generic",  # Keras 3 cannot load a SavedModel; signatures are called instead
        signature_name=signatures.SERVING_EXAMPLES,
        label_key=features.IS_FAKE,
        prediction_key=signatures.SCORE,  # required: the signature has several outputs
    )
    slices = [
        config_pb2.SlicingSpec(),
        *(config_pb2.SlicingSpec(feature_keys=[k]) for k in config.slices),
    ]
    return config_pb2.EvalConfig(
        model_specs=[model],
        slicing_specs=slices,
        # In this order: of several plots of a slice, TFMA's own views show the last, its stock one.
        metrics_specs=[_video_spec(config), _track_spec()],
    )


def _track_spec() -> config_pb2.MetricsSpec:
    stock = [config_pb2.MetricConfig(class_name=name) for name in _TRACK_METRICS]
    precision_recall = json.dumps({"curve": "PR", "name": PR_AUC_NAME})
    return config_pb2.MetricsSpec(
        metrics=[*stock, config_pb2.MetricConfig(class_name="AUC", config=precision_recall)]
    )


def _video_spec(config: EvaluationConfig) -> config_pb2.MetricsSpec:
    settings = video_metrics.Settings(
        min_slice_videos=config.min_slice_videos,
        bootstrap_rounds=config.bootstrap_rounds,
        confidence_level=config.confidence_level,
    )
    return config_pb2.MetricsSpec(
        metrics=[
            _own(video_metrics.VideoMetrics, settings._asdict()),
            _own(video_plots.VideoPlots, {"num_worst_videos": _NUM_WORST_VIDEOS}),
        ],
        per_slice_thresholds=gates.thresholds(config),
    )


def _own(metric: type, settings: Mapping[str, Any]) -> config_pb2.MetricConfig:
    code = fingerprint.of("pipeline.evaluation", "pipeline.config.sections", "schemas")
    return config_pb2.MetricConfig(
        module=metric.__module__,
        class_name=metric.__name__,
        config=json.dumps({**settings, fingerprint.PARAMETER: code}, sort_keys=True),
    )
