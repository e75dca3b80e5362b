"""Which slices are gated by what, and the thresholds that TFMA is given."""

import math

import pytest
from tensorflow_model_analysis.proto import config_pb2

from pipeline.config.sections import EvaluationConfig
from pipeline.evaluation import gates, statistics
from schemas import features

MEASURED = {statistics.RECALL: 0.3, statistics.SPECIFICITY: 0.4, statistics.AUC: 0.5}


@pytest.mark.parametrize(
    ("fakes", "reals", "gate"),
    [
        (5, 0, gates.GATED_RECALL),
        (4, 0, None),
        (0, 5, gates.GATED_SPECIFICITY),
        (0, 4, None),
        (5, 5, gates.GATED_AUC),
        (50, 4, None),
        (0, 0, None),
    ],
)
def test_the_classes_of_a_slice_decide_on_its_gate(fakes, reals, gate):
    assert gates.applicable(gates.SliceSize(fakes, reals), 5) == gate


def test_values_repeat_the_statistic_where_gated_and_pass_every_bar_elsewhere():
    assert gates.values(gates.SliceSize(9, 0), MEASURED, 5) == {
        gates.GATED_RECALL: 0.3,
        gates.GATED_SPECIFICITY: math.inf,
        gates.GATED_AUC: math.inf,
    }


def test_an_undefined_statistic_stays_undefined_where_it_is_gated():
    measured = dict.fromkeys(MEASURED, math.nan)
    assert math.isnan(gates.values(gates.SliceSize(5, 5), measured, 5)[gates.GATED_AUC])


def test_bars_read_back_what_the_configuration_says():
    config = EvaluationConfig(
        slices=(features.CONTEXT,), min_auc=0.9, min_slice_recall=0.4, max_auc_drop=0.05
    )
    spec = config_pb2.MetricsSpec(per_slice_thresholds=gates.thresholds(config))
    thresholds = {(one.metric, one.is_change): one for one in gates.applied([spec])}
    assert thresholds[statistics.AUC, False].bound == 0.9
    assert thresholds[statistics.AUC, True].bound == -0.05
    assert thresholds[gates.GATED_RECALL, False] == gates.Threshold(
        gates.GATED_RECALL, frozenset({features.CONTEXT}), 0.4, is_change=False
    )
    assert thresholds[statistics.NUM_REAL_VIDEOS, False].slice_keys == frozenset()


def test_without_slices_only_the_whole_is_gated():
    assert set(gates.thresholds(EvaluationConfig(slices=()))) == {
        statistics.AUC,
        statistics.BALANCED_ACCURACY,
        statistics.NUM_FAKE_VIDEOS,
        statistics.NUM_REAL_VIDEOS,
    }
