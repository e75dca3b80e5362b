"""The EvalConfig: what it names, and what makes it differ."""

import dataclasses
import json

import tensorflow_model_analysis as tfma

from pipeline.config.sections import EvaluationConfig
from pipeline.evaluation import eval_config
from schemas import features, signatures


def test_model_and_slices_are_those_of_the_contracts():
    config = eval_config.eval_config(EvaluationConfig(slices=(features.CONTEXT,)))
    model = config.model_specs[0]
    assert model.signature_name == signatures.SERVING_EXAMPLES
    assert (model.label_key, model.prediction_key) == (features.IS_FAKE, signatures.SCORE)
    assert [list(spec.feature_keys) for spec in config.slicing_specs] == [[], [features.CONTEXT]]


def test_tfma_accepts_it_with_and_without_a_baseline():
    config = eval_config.eval_config(EvaluationConfig())
    for has_baseline in (True, False):
        completed = tfma.utils.update_eval_config_with_defaults(
            config, has_baseline=has_baseline, rubber_stamp=True
        )
        tfma.utils.verify_eval_config(completed)
        assert tfma.utils.has_change_threshold(completed) is has_baseline


def test_code_and_settings_are_part_of_it_and_so_of_the_cache_key():
    def settings(config):
        metrics = eval_config.eval_config(config).metrics_specs[0].metrics
        return {metric.class_name: json.loads(metric.config) for metric in metrics}

    stated = settings(EvaluationConfig())
    code = stated["VideoMetrics"]["code_fingerprint"]
    assert len(code) == 64
    assert stated["VideoPlots"] == {"code_fingerprint": code, "num_worst_videos": 24}
    changed = dataclasses.replace(EvaluationConfig(), bootstrap_rounds=123, min_slice_videos=7)
    assert settings(changed)["VideoMetrics"]["bootstrap_rounds"] == 123
    assert settings(changed)["VideoMetrics"]["min_slice_videos"] == 7
