"""Tracks joined to videos."""

import pytest

from pipeline.evaluation import video_scores
from schemas.scoring import VideoScore


@pytest.fixture
def combiner():
    return video_scores.computation(None, "", "").combiner


def test_tracks_are_joined_by_the_highest_score_in_any_order_of_merging(combiner):
    first = {b"a": VideoScore(True, 0.2), b"b": VideoScore(False, 0.1)}
    second = {b"a": VideoScore(True, 0.9)}
    expected = {b"a": VideoScore(True, 0.9), b"b": VideoScore(False, 0.1)}
    assert combiner.merge_accumulators([first, second]) == expected
    assert combiner.merge_accumulators([second, {}, first]) == expected
    assert first[b"a"] == VideoScore(True, 0.2)  # Beam may merge an accumulator again


def test_all_metrics_ask_for_the_same_joining_and_each_model_for_its_own():
    """TFMA runs equal computations once."""
    one, again = (video_scores.computation(None, "candidate", "") for _ in range(2))
    assert one == again
    assert one != video_scores.computation(None, "baseline", "")


def test_the_values_of_the_joining_are_no_result_of_an_evaluation():
    """TFMA drops what begins with one underscore."""
    (key,) = video_scores.computation(None, "", "").keys
    assert key.name.startswith("_")
    assert not key.name.startswith("__")


def test_arrays_are_in_the_order_of_the_keys():
    videos = {b"b": VideoScore(False, 0.25), b"a": VideoScore(True, 0.5)}
    is_fake, scores = video_scores.arrays(videos)
    assert is_fake.tolist() == [True, False]
    assert scores.tolist() == [0.5, 0.25]
