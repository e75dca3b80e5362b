"""The loss, on numbers worked out by hand."""

import dataclasses
import math

import numpy as np
import pytest

from pipeline.model import losses
from pipeline.model.detector import CLIP_LOGIT, FRAME_LOGITS

LN2 = math.log(2)


def cross_entropy(labels, logits, smoothing=0.0):
    loss = losses.BalancedCrossEntropy(smoothing)
    return float(loss(np.array(labels, np.float32), np.array(logits, np.float32)))


def test_the_logit_0_costs_ln_2():
    assert cross_entropy([0, 1], [0, 0]) == pytest.approx(LN2)


def test_three_pristine_weigh_as_much_as_one_fake():
    pristine, fake = math.log(1 + math.e), math.log(1 + math.exp(-2))
    assert cross_entropy([0, 0, 0, 1], [1, 1, 1, 2]) == pytest.approx((pristine + fake) / 2)


def test_a_batch_of_one_class_counts_that_class():
    assert cross_entropy([1, 1], [0, 0]) == pytest.approx(LN2)


def test_ignored_targets_cost_nothing_whatever_their_logit():
    assert cross_entropy([1, 0, -1], [0, 0, 50]) == pytest.approx(LN2)
    assert cross_entropy([-1, -1], [5, -5]) == 0


def test_label_smoothing_moves_both_targets_inwards():
    confident = math.log(1 + math.exp(-3))
    assert cross_entropy([0, 1], [-3, 3], 0.1) == pytest.approx(confident + 0.1 * 3)


def test_great_logits_stay_finite():
    assert cross_entropy([0, 1], [1e4, -1e4]) == pytest.approx(1e4)


def test_absent_frames_and_faceless_clips_are_marked_as_ignored():
    goals = losses.targets(np.array([1, 0], np.float32), np.array([[1, 0], [0, 0]], np.float32))
    np.testing.assert_array_equal(goals[CLIP_LOGIT], [1, -1])
    np.testing.assert_array_equal(goals[FRAME_LOGITS], [[1, -1], [-1, -1]])


def test_the_total_is_the_weighted_sum_of_clips_and_frames(config):
    config = dataclasses.replace(config, label_smoothing=0, frame_loss_weight=0.25)
    logits = {
        CLIP_LOGIT: np.array([0, 0], np.float32),
        FRAME_LOGITS: np.array([[-1, 9], [1, 1]], np.float32),
    }
    present = np.array([[1, 0], [1, 1]], np.float32)
    total = losses.total(config, np.array([0, 1], np.float32), present, logits)
    assert total == pytest.approx(0.75 * LN2 + 0.25 * math.log(1 + math.exp(-1)))
