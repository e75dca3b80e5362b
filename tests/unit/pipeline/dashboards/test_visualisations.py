"""Figures for Kubeflow's own pages, against numbers worked out by hand."""

import json
import math
import types

import numpy as np
import pytest
from kfp import dsl

from pipeline.dashboards import visualisations
from pipeline.dashboards.sources import EVALUATION, MODEL_RUN
from pipeline.evaluation import curves, results
from pipeline.evaluation.curves import Curves
from pipeline.model import history
from pipeline.model.history import Epoch
from schemas.run_report import Estimate, EvaluationSummary, SliceSummary

NOTICE = "The videos are synthetic."


class Run:
    """Stands in for the sources of a run: some outputs and a report."""

    def __init__(self, notice="", **files):
        self.report = types.SimpleNamespace(notice=notice)
        self._files = files

    def files(self, output):
        return self._files.get(output)


def made_curves(thresholds, hits, alarms):
    return Curves(
        num_fake=int(hits[0]),
        num_real=int(alarms[0]),
        thresholds=np.array(thresholds, dtype=np.float64),
        true_positives=np.array(hits, dtype=np.int64),
        false_positives=np.array(alarms, dtype=np.int64),
        bins=(),
        worst=(),
    )


# Fakes score 0.9, 0.8, 0.8 and 0.3; reals 0.6 and 0.1. A video is called fake above a threshold.
SIX = made_curves(
    thresholds=[-1, 0.1, 0.3, 0.5, 0.6, 0.8, 0.9, 1],
    hits=[4, 4, 3, 3, 3, 1, 0, 0],
    alarms=[2, 1, 1, 1, 0, 0, 0, 0],
)


def test_the_curve_runs_from_the_strictest_threshold_through_every_corner():
    points = visualisations.classification(SIX).metadata["confidenceMetrics"]
    found = [
        (one["confidenceThreshold"], one["falsePositiveRate"], one["recall"]) for one in points
    ]
    assert found == [
        (0.9, 0, 0),
        (0.8, 0, 0.25),
        (0.6, 0, 0.75),
        (0.3, 0.5, 0.75),
        (0.1, 0.5, 1),
        (-1, 1, 1),
    ]


def test_the_matrix_counts_videos_called_fake_above_one_half():
    matrix = visualisations.classification(SIX).metadata["confusionMatrix"]
    assert [spec["displayName"] for spec in matrix["annotationSpecs"]] == ["real", "fake"]
    assert [row["row"] for row in matrix["rows"]] == [[1, 1], [1, 3]], "rows are what videos are"


def test_one_class_has_a_matrix_and_no_curve():
    fakes = made_curves([-1, 0.5, 1], hits=[4, 3, 0], alarms=[0, 0, 0])
    metadata = visualisations.classification(fakes).metadata
    assert "confidenceMetrics" not in metadata
    assert [row["row"] for row in metadata["confusionMatrix"]["rows"]] == [[0, 0], [1, 3]]


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    count = 1000
    thresholds = np.linspace(0, 1, count + 1)
    counts = np.arange(count, -1, -1)
    points = visualisations.classification(made_curves(thresholds, counts, counts)).metadata[
        "confidenceMetrics"
    ]
    assert len(points) == visualisations.MAX_POINTS
    assert (points[0]["recall"], points[-1]["recall"]) == (0, 1)
    assert all(one["recall"] == one["falsePositiveRate"] for one in points)


def test_metadata_are_strict_json_of_pythons_own_numbers():
    """NumPy's numbers, NaN and infinity would fail the step on a cluster."""
    metadata = visualisations.classification(SIX).metadata
    assert json.loads(json.dumps(metadata, allow_nan=False)) == metadata


def test_kfp_writes_an_infinite_threshold_as_it_is():
    """Why thresholds must be finite before kfp gets them: it checks none."""
    metrics = dsl.ClassificationMetrics()
    metrics.log_roc_curve(fpr=[0.0], tpr=[0.0], threshold=[math.inf])
    with pytest.raises(ValueError, match="Out of range float"):
        json.dumps(metrics.metadata, allow_nan=False)


def test_scalars_of_an_evaluation_are_the_headlines_over_videos_with_their_intervals(
    tmp_path, monkeypatch
):
    overall = SliceSummary(
        name="overall",
        num_videos=6,
        num_fake_videos=4,
        num_real_videos=2,
        metrics={
            "video_auc": Estimate(value=0.875, lower=0.5, upper=1.0),
            "ece": Estimate(value=0.25, lower=None, upper=None),
            "brier": Estimate(value=0.125, lower=None, upper=None),
        },
        track_metrics={"auc": 0.1},
    )
    summary = EvaluationSummary(blessed=True, has_baseline=False, slices=(overall,), gates=())
    monkeypatch.setattr(results, "load", lambda uri: summary)
    monkeypatch.setattr(curves, "load", lambda uri: {"overall": SIX})
    found = visualisations.of_node("Evaluator", Run(NOTICE, **{EVALUATION: tmp_path}))
    assert type(found["test_metrics"]) is dsl.Metrics
    assert found["test_metrics"].metadata == {
        "blessed": 1,
        "num_videos": 6,
        "num_fake_videos": 4,
        "num_real_videos": 2,
        "video_auc": 0.875,
        "video_auc_lower": 0.5,
        "video_auc_upper": 1.0,
        "ece": 0.25,
        "notice": NOTICE,
    }
    assert type(found["test_videos"]) is dsl.ClassificationMetrics
    assert found["test_videos"].metadata["notice"] == NOTICE


def test_an_evaluation_of_a_version_without_curves_has_scalars_alone(tmp_path, monkeypatch):
    nothing = EvaluationSummary(blessed=False, has_baseline=False, slices=(), gates=())
    monkeypatch.setattr(results, "load", lambda uri: nothing)
    monkeypatch.setattr(curves, "load", lambda uri: None)
    found = visualisations.of_node("Evaluator", Run(**{EVALUATION: tmp_path}))
    assert {name: figure.metadata for name, figure in found.items()} == {"test_metrics": {}}


def test_scalars_of_a_training_are_those_of_the_epoch_that_was_kept(tmp_path):
    epochs = [
        Epoch(
            stage="heads",
            epoch=number,
            loss=loss,
            val_loss=math.nan if number == 1 else loss + 0.1,
            val_auc=auc,
            learning_rate=0.001,
            seconds=2.5,
        )
        for number, loss, auc in ((1, 0.75, 0.5), (2, 0.5, 0.875), (3, 0.25, 0.75))
    ]
    history.write(epochs, tmp_path)
    found = visualisations.of_node("Trainer", Run(**{MODEL_RUN: tmp_path}))
    assert found["training_metrics"].metadata == {
        "val_auc": 0.875,
        "val_loss": 0.6,
        "loss": 0.5,
        "best_epoch": 2,
        "num_epochs": 3,
        "seconds": 7.5,
    }


def test_a_figure_that_is_not_finite_is_left_out(tmp_path):
    epoch = Epoch(
        stage="heads",
        epoch=1,
        loss=math.inf,
        val_loss=math.nan,
        val_auc=0.5,
        learning_rate=0.001,
        seconds=1.0,
    )
    history.write([epoch], tmp_path)
    metadata = visualisations.of_node("Trainer", Run(**{MODEL_RUN: tmp_path}))[
        "training_metrics"
    ].metadata
    assert metadata == {"val_auc": 0.5, "best_epoch": 1, "num_epochs": 1, "seconds": 1.0}


@pytest.mark.parametrize("node", sorted(visualisations.OUTPUTS))
def test_a_run_that_has_nothing_of_it_has_no_figures(node):
    assert visualisations.of_node(node, Run()) == {}
