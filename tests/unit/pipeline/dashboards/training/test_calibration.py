"""The calibration panel says what the evaluation of the same scores says."""

import numpy as np
import pytest

from pipeline.dashboards import tables
from pipeline.dashboards.training import calibration
from pipeline.evaluation import statistics, video_metrics
from pipeline.model import calibration as calibrations
from schemas import scoring
from schemas.scoring import VideoScore

SETTINGS = video_metrics.Settings(min_slice_videos=1, bootstrap_rounds=10, confidence_level=0.95)


@pytest.mark.parametrize("size", [12, 90, 400])
def test_the_training_page_and_the_evaluation_page_show_one_calibration_error(made, size):
    generator = np.random.default_rng(size)
    is_fake = np.arange(size) % 2 == 0
    logits = (generator.normal(size=size) + 2 * is_fake - 1).astype(np.float32)
    fitted = calibrations.calibrate(logits, is_fake)
    quality = {
        "achieved_false_positive_rates": fitted.achieved_false_positive_rates,
        "ece_before": fitted.ece_before,
        "ece_after": fitted.ece_after,
        "num_fake": fitted.num_fake,
        "num_pristine": fitted.num_pristine,
    }
    said = made.detector(
        temperature=fitted.temperature, thresholds=fitted.thresholds, calibration=quality
    )
    shown = calibration.of(said).table.rows[1].cells[2]
    scores = scoring.probabilities(logits / np.float32(fitted.temperature))
    videos = {
        str(index).encode(): VideoScore(bool(label), float(score))
        for index, (label, score) in enumerate(zip(is_fake, scores, strict=True))
    }
    evaluated = video_metrics.summarize(videos, SETTINGS)[statistics.ECE]
    assert fitted.ece_after == pytest.approx(evaluated, abs=1e-12)
    assert shown.text == tables.number(evaluated, 3).text
