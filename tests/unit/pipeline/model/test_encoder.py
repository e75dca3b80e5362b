"""Frame encoders: what is trainable, and that batch norm stays as it was."""

import dataclasses

import keras
import numpy as np
import pytest

from pipeline.config.sections import TrainingConfig
from pipeline.model import encoder


@pytest.fixture(scope="module")
def built():
    return encoder.build(TrainingConfig(), 32)


@pytest.fixture
def lite0(built):
    """Frozen, as it comes."""
    built.trainable = True
    built.trainable = False
    return built


def test_features_have_one_row_per_crop(lite0, config):
    crops = np.zeros((2, 32, 32, 3), np.uint8)
    assert lite0(crops).shape == (2, 1664)
    assert encoder.build(config, 32)(crops).shape == (2, 128)


def test_a_pretrained_encoder_starts_frozen_and_a_new_one_does_not(lite0, config):
    assert not lite0.trainable_variables
    assert encoder.build(config, 32).trainable_variables


@pytest.mark.parametrize(
    ("blocks", "first"), [(0, None), (1, "block15"), (4, "block12"), (16, "conv_stem")]
)
def test_the_last_blocks_become_trainable_without_their_batch_norm(lite0, blocks, first):
    encoder.unfreeze(lite0, blocks)
    owners = [layer for layer in lite0.layers if layer.trainable_variables]
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in owners)
    assert (owners[0].name.split("_depth")[0].split("_expand")[0] if owners else None) == first
    assert not owners or owners[-1].name == "conv_head"


def test_batch_norm_runs_in_inference_mode_while_its_block_is_trained(lite0):
    crops = np.random.default_rng(0).integers(0, 255, (4, 32, 32, 3), np.uint8)
    before = lite0(crops, training=False)
    encoder.unfreeze(lite0, 16)
    np.testing.assert_array_equal(before, lite0(crops, training=True))


def test_mixed_precision_changes_the_compute_type_and_little_else(lite0):
    crops = np.random.default_rng(0).integers(0, 255, (4, 32, 32, 3), np.uint8)
    mixed = encoder.build(TrainingConfig(), 32, policy="mixed_float16")
    assert mixed.get_layer("conv_head").output.dtype == "float16"
    assert {weight.dtype for weight in mixed.weights} == {"float32"}
    np.testing.assert_allclose(mixed(crops), lite0(crops), atol=0.1)


def test_dropout_of_the_small_net_is_the_configured_one(config):
    rates = [
        layer.rate
        for layer in encoder.build(dataclasses.replace(config, dropout=0.45), 32).layers
        if isinstance(layer, keras.layers.Dropout)
    ]
    assert rates == [0.45]
