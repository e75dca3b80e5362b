"""Gates as TFMA applies them: real Evaluator runs, with and without a baseline."""

import pathlib

import pytest

from pipeline.config.sections import EvaluationConfig
from pipeline.evaluation import statistics
from schemas import features

SLICES = (features.MANIPULATION_METHOD, features.DATASET_NAME)


@pytest.fixture(scope="module")
def config():
    return EvaluationConfig(
        slices=SLICES, min_slice_videos=3, min_test_videos=4, bootstrap_rounds=100
    )


@pytest.fixture
def tracks(track):
    """Six pristine videos and thirteen fakes by three methods, one of them rare and missed.

    Model 0 ranks all but the rare one right; the videos of `warp` have a second, unobtrusive
    track each. Model 1 does not see `swap`.
    """
    made = []
    for index in range(6):
        made += [
            track(f"real{index}", False, (0.1, 0.1)),
            track(f"warp{index}", True, (0.9, 0.9), method="warp"),
            track(f"warp{index}", True, (0.2, 0.2), method="warp"),
            track(f"swap{index}", True, (0.8, 0.3), method="swap"),
        ]
    return [*made, track("rare0", True, (0.4, 0.4), method="rare", dataset="few")]


def test_a_good_first_model_is_blessed_and_small_slices_are_not_gated(evaluate, tracks, config):
    summary, blessing = evaluate(tracks, config)
    assert blessing.get_int_custom_property("blessed") == 1
    assert (pathlib.Path(blessing.uri) / "BLESSED").exists()
    assert (summary.blessed, summary.has_baseline, summary.reasons) == (True, False, ())
    assert {(gate.metric, gate.slice_name) for gate in summary.gates} == {
        (statistics.AUC, "overall"),
        (statistics.BALANCED_ACCURACY, "overall"),
        (statistics.NUM_FAKE_VIDEOS, "overall"),
        (statistics.NUM_REAL_VIDEOS, "overall"),
        (statistics.AUC, f"{features.DATASET_NAME}:made"),
        (statistics.RECALL, f"{features.MANIPULATION_METHOD}:warp"),
        (statistics.RECALL, f"{features.MANIPULATION_METHOD}:swap"),
        (statistics.SPECIFICITY, f"{features.MANIPULATION_METHOD}:original"),
    }
    overall = summary.overall
    assert (overall.num_videos, overall.num_fake_videos, overall.num_real_videos) == (19, 13, 6)
    assert overall.track_metrics["example_count"] == 25
    assert overall.metrics[statistics.RECALL].value == pytest.approx(12 / 13)
    assert overall.metrics[statistics.AUC].value == 1.0
    rare = next(entry for entry in summary.slices if entry.name.endswith(":rare"))
    assert rare.metrics[statistics.RECALL].value == 0.0
    assert statistics.AUC not in rare.metrics
    assert "auc" not in rare.track_metrics


def test_a_worse_candidate_is_refused_with_metric_slice_value_and_bound(
    evaluate, tracks, config, track
):
    """Three reals score above the unseen swaps: AUC loses 18 of 78 pairs but stays above 0.75."""
    shifted = [
        track(t.video, False, (0.1, 0.35)) if t.video in {"real0", "real1", "real2"} else t
        for t in tracks
    ]
    summary, blessing = evaluate(shifted, config, model=1, baseline=0)
    assert blessing.get_int_custom_property("blessed") == 0
    assert (pathlib.Path(blessing.uri) / "NOT_BLESSED").exists()
    assert (summary.blessed, summary.has_baseline) == (False, True)
    assert set(summary.reasons) == {
        f"video_recall 0.000 < 0.500 (6 fake) on {features.MANIPULATION_METHOD}:swap",
        "video_auc 0.769 < 0.800 on overall",
        "video_auc 0.769 < 0.980 (baseline 1.000, allowed drop 0.020) on overall",
    }
    change = next(gate for gate in summary.gates if gate.baseline is not None)
    assert (change.baseline, change.bound) == (1.0, -0.02)
    assert change.value == pytest.approx(60 / 78)


def test_a_tiny_test_split_is_never_blessed_and_absent_slices_are_named(evaluate, track):
    config = EvaluationConfig(
        slices=(features.MANIPULATION_METHOD, features.CONTEXT),
        min_test_videos=4,
        bootstrap_rounds=100,
    )
    tracks = [track(f"fake{index}", True, (0.9, 0.9), method="warp") for index in range(3)]
    summary, blessing = evaluate(tracks, config)
    assert blessing.get_int_custom_property("blessed") == 0
    undefined = "is undefined on overall: a class is missing or a score is not finite"
    assert set(summary.reasons) == {
        "number of fake videos 3 < 4 on overall",
        "number of real videos 0 < 4 on overall",
        f"video_auc {undefined}",
        f"video_balanced_accuracy {undefined}",
        f"no evaluated video has a value for the slice {features.CONTEXT}",
    }
    assert set(summary.overall.metrics) == {
        statistics.ACCURACY,
        statistics.RECALL,
        statistics.ECE,
        statistics.LOG_LOSS,
        statistics.BRIER,
    }
