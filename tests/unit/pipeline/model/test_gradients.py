"""The norm of gradients: what is measured, and that measuring changes nothing else."""

import math
import subprocess
import sys

import keras
import numpy as np
import pytest

from pipeline.model.gradients import MeasuredAdamW, norms_of

RATE = 0.1


def line(policy="float32"):
    """y = w x + b from w = b = 0; for the loss (y - t)² its gradients are easy to work out."""
    inputs = keras.Input((1,))
    layer = keras.layers.Dense(1, kernel_initializer="zeros", dtype=policy)
    return keras.Model(inputs, keras.layers.Activation("linear", dtype="float32")(layer(inputs)))


def compiled(model, optimizer=None):
    model.compile(optimizer or MeasuredAdamW(RATE, global_clipnorm=1.0), loss="mse")
    return model


def fit(model, x, t, epochs=1):
    values = np.array([x], np.float32).T, np.array([t], np.float32).T
    model.fit(*values, batch_size=1, epochs=epochs, shuffle=False, verbose=0)


def test_the_norm_is_that_before_clipping():
    model = compiled(line())
    # d/dw = 2 (y - t) x = -2 * 1 * 3, d/db = -2: the norm is sqrt(40), far above the clip at 1.
    fit(model, [3.0], [1.0])
    assert norms_of(model).mean() == pytest.approx(math.sqrt(40), rel=1e-5)


def test_mean_and_maximum_are_over_the_steps_since_the_reset():
    model = compiled(line(), MeasuredAdamW(1e-9))  # the weights stay where they are
    fit(model, [0.0, 0.0, 0.0], [1.0, 2.0, 6.0])  # norms 2, 4 and 12, of d/db alone
    assert norms_of(model).mean() == pytest.approx(6.0, rel=1e-5)
    assert norms_of(model).maximum() == pytest.approx(12.0, rel=1e-5)
    norms_of(model).reset()
    fit(model, [0.0], [0.5])
    assert norms_of(model).mean() == norms_of(model).maximum() == pytest.approx(1.0, rel=1e-5)


def test_before_the_first_step_there_is_no_norm():
    norms = norms_of(compiled(line()))
    assert math.isnan(norms.mean())
    assert math.isnan(norms.maximum())


def test_mixed_precision_measures_gradients_without_the_scale_of_the_loss():
    model = compiled(line("mixed_float16"))
    model.optimizer = keras.optimizers.LossScaleOptimizer(MeasuredAdamW(RATE), initial_scale=1024)
    fit(model, [3.0], [1.0])
    assert norms_of(model).mean() == pytest.approx(math.sqrt(40), rel=1e-3)


def test_a_step_that_mixed_precision_leaves_out_is_not_counted():
    model = compiled(line("mixed_float16"))
    model.optimizer = keras.optimizers.LossScaleOptimizer(MeasuredAdamW(RATE), initial_scale=1024)
    fit(model, [3.0, 6e4], [1.0, 6e4])  # the second gradient is beyond float16
    assert norms_of(model).maximum() == pytest.approx(math.sqrt(40), rel=1e-3)
    assert model.optimizer.iterations.numpy() == 1


def trained(optimizer):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8,))
    hidden = keras.layers.Dense(16, activation="relu")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dropout(0.2)(hidden)))
    model.compile(optimizer, loss="mse", jit_compile=False)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(64, 8)).astype(np.float32), rng.normal(size=64).astype(np.float32)
    model.fit(*values, batch_size=16, epochs=5, verbose=0)
    return model


def test_measuring_changes_no_weight():
    settings = {"learning_rate": 0.05, "weight_decay": 1e-3, "global_clipnorm": 0.5}
    measured = trained(MeasuredAdamW(**settings))
    plain = trained(keras.optimizers.AdamW(**settings))
    assert norms_of(measured).maximum() > 0.5, "the clip was at work"
    for own, other in zip(measured.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)


def test_weight_files_are_those_of_an_unmeasured_optimizer(tmp_path):
    measured, plain = trained(MeasuredAdamW(0.05)), trained(keras.optimizers.AdamW(0.01))
    plain.save_weights(tmp_path / "plain.weights.h5")
    measured.load_weights(tmp_path / "plain.weights.h5")
    pairs = zip(measured.optimizer.variables, plain.optimizer.variables, strict=True)
    for own, other in pairs:
        np.testing.assert_array_equal(own.numpy(), other.numpy())


_ON_TWO_DEVICES = """
import keras, numpy as np, tensorflow as tf
from pipeline.model.gradients import MeasuredAdamW, norms_of
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="zeros")(inputs))
    model.compile(MeasuredAdamW(1e-9), loss="mse")
targets = np.array([[1.0], [2.0], [6.0], [8.0]], np.float32)
model.fit(np.zeros((4, 1), np.float32), targets, batch_size=2, shuffle=False, verbose=0)
print(norms_of(model).mean(), norms_of(model).maximum())
norms_of(model).reset()
print(norms_of(model).mean())
"""


def test_mean_and_maximum_are_over_the_devices_too():
    """Devices are fixed when TensorFlow starts: a process of its own has two."""
    command = [sys.executable, "-c", _ON_TWO_DEVICES]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    # Each device sees one video of a step, and half of its loss: norms 1, 2, 6 and 8.
    assert found.stdout.split() == ["4.25", "8.0", "nan"]
