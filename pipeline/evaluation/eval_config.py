"""The EvalConfig of TFX's Evaluator: model, slices, metrics, thresholds."""

import json
from typing import Final

from tensorflow_model_analysis.proto import config_pb2

from components import fingerprint
from pipeline.config.sections import EvaluationConfig
from pipeline.evaluation import gates, video_metrics
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
        metrics_specs=[_track_spec(), _video_spec(config)],
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
    code = fingerprint.of("pipeline.evaluation", "schemas")
    metric = config_pb2.MetricConfig(
        module=video_metrics.__name__,
        class_name=video_metrics.VideoMetrics.__name__,
        config=json.dumps({**settings._asdict(), fingerprint.PARAMETER: code}, sort_keys=True),
    )
    return config_pb2.MetricsSpec(metrics=[metric], per_slice_thresholds=gates.thresholds(config))
