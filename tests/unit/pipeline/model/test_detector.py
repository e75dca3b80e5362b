"""Heads and the whole detector: shapes, masks, gate."""

import dataclasses

import numpy as np
import pytest

from pipeline.config.sections import TrainingConfig
from pipeline.model import detector
from pipeline.model.detector import CLIP_LOGIT, FRAME_LOGITS

T, D, CONTENT = 6, 5, 3


@pytest.fixture(scope="module")
def head(config):
    return detector.build_head(config, T, D, CONTENT)


@pytest.fixture
def clips():
    rng = np.random.default_rng(0)
    present = np.array([[1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0]], np.float32)
    return rng.normal(size=(3, T, D)).astype(np.float32), present


def answer(model, values, present):
    return {name: value.numpy() for name, value in model((values, present), training=False).items()}


def test_logits_have_the_shapes_of_clips_and_frames(head, clips):
    logits = answer(head, *clips)
    assert {name: value.shape for name, value in logits.items()} == {
        CLIP_LOGIT: (3,),
        FRAME_LOGITS: (3, T),
    }


def test_absent_frames_change_nothing(head, clips):
    values, present = clips
    other = np.where(present[..., None] == 1, values, 1e3).astype(np.float32)
    before, after = answer(head, values, present), answer(head, other, present)
    np.testing.assert_array_equal(before[CLIP_LOGIT], after[CLIP_LOGIT])
    np.testing.assert_array_equal(before[FRAME_LOGITS], after[FRAME_LOGITS])


def test_present_frames_and_their_order_do_change_the_clip_logit(head, clips):
    values, present = clips
    before = answer(head, values, present)
    turned = answer(head, values[:, ::-1], present[:, ::-1])
    np.testing.assert_allclose(before[FRAME_LOGITS], turned[FRAME_LOGITS][:, ::-1], atol=1e-6)
    assert abs(before[CLIP_LOGIT] - turned[CLIP_LOGIT])[:2].min() > 1e-4


def test_a_clip_without_a_face_is_neutral(head, clips):
    logits = answer(head, *clips)
    assert logits[CLIP_LOGIT][2] == 0
    assert not logits[FRAME_LOGITS][2].any()


def test_clips_of_a_batch_do_not_see_each_other(head, clips):
    values, present = clips
    together = answer(head, values, present)[CLIP_LOGIT]
    alone = [answer(head, values[i : i + 1], present[i : i + 1])[CLIP_LOGIT][0] for i in range(3)]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_closed_gate_leaves_the_mean_of_the_present_frames(config, clip):
    built = detector.build_detector(config, clip)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (2, 4, 32, 32, 3), np.uint8)
    present = np.array([[1, 1, 0, 1], [0, 0, 1, 0]], np.float32)
    mean = answer(built.model, frames, present)[FRAME_LOGITS].sum(1) / present.sum(1)
    assert abs(answer(built.model, frames, present)[CLIP_LOGIT] - mean).max() > 1e-5
    built.close_gate()
    np.testing.assert_allclose(answer(built.model, frames, present)[CLIP_LOGIT], mean, atol=1e-6)


def test_the_detector_is_its_encoder_under_its_head(config, clip):
    built = detector.build_detector(config, clip)
    frames = np.random.default_rng(0).integers(0, 255, (2, 4, 32, 32, 3), np.uint8)
    present = np.ones((2, 4), np.float32)
    features = built.encoder(frames.reshape(-1, 32, 32, 3)).numpy().reshape(2, 4, -1)
    np.testing.assert_allclose(
        answer(built.model, frames, present)[CLIP_LOGIT],
        answer(built.head, features, present)[CLIP_LOGIT],
        atol=1e-5,
    )


def test_a_mixed_precision_detector_answers_in_float32_and_exports_to_float32(clip):
    config = TrainingConfig(rnn_units=4, dense_units=8)
    mixed = detector.build_detector(config, clip, policy="mixed_float16")
    mixed.head.get_layer(detector.GATE).close()
    exact = detector.in_float32(mixed, config, clip)
    frames = np.random.default_rng(0).integers(0, 255, (2, 4, 32, 32, 3), np.uint8)
    present = np.ones((2, 4), np.float32)
    logits = answer(mixed.model, frames, present)[CLIP_LOGIT]
    assert logits.dtype == np.float32
    assert exact.encoder.get_layer("conv_head").output.dtype == "float32"
    np.testing.assert_allclose(answer(exact.model, frames, present)[CLIP_LOGIT], logits, atol=0.02)


def test_sizes_come_from_the_configuration(config):
    wider = detector.build_head(dataclasses.replace(config, rnn_units=32), T, D, CONTENT)
    assert wider.count_params() > detector.build_head(config, T, D, CONTENT).count_params()
