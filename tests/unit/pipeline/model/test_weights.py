"""The ImageNet weights: complete, right, and read without running anything."""

import pickle

import keras
import numpy as np
import pytest
import skimage.data
import skimage.transform
from coded import raises_code

from pipeline.config.sections import TrainingConfig
from pipeline.model import encoder, weights

NUM_PARAMETERS = 4_694_024  # of the whole file, by the publication; 3,413,024 without classifier
EGYPTIAN_CAT = 285


@pytest.fixture(scope="module")
def state():
    return weights.read_state_dict(weights.find_lite0())


@pytest.fixture(scope="module")
def lite0():
    return encoder.build(TrainingConfig(), 224)


def test_the_file_holds_every_parameter_of_the_network(state):
    sizes = [value.size for name, value in state.items() if not name.endswith("tracked")]
    assert sum(sizes) == NUM_PARAMETERS


def test_the_encoder_uses_all_but_the_classifier(state, lite0):
    assert weights.assign(lite0, state) == {"_fc.weight", "_fc.bias"}
    assert lite0.count_params() == 3_413_024


def test_the_encoder_sees_a_cat_in_a_picture_of_a_cat(state, lite0):
    picture = skimage.data.chelsea()[:, 75:375]
    crop = skimage.transform.resize(picture, (224, 224), preserve_range=True).astype(np.uint8)
    features = lite0.predict(crop[None], verbose=0)
    logits = features[:, :1280] @ state["_fc.weight"].T + state["_fc.bias"]
    assert int(logits.argmax()) == EGYPTIAN_CAT


def test_a_missing_tensor_is_named(state, lite0):
    lacking = {name: value for name, value in state.items() if name != "_blocks.3._bn1.bias"}
    with raises_code("encoder_weights", match=r"_blocks\.3\._bn1\.bias"):
        weights.assign(lite0, lacking)


def test_a_tensor_of_another_shape_is_refused(state):
    pixels = keras.Input((32, 32, 3))
    wider = keras.Model(
        pixels, keras.layers.Conv2D(64, 3, use_bias=False, name="conv_stem")(pixels)
    )
    with raises_code("encoder_weights", match="conv_stem needs"):
        weights.assign(wider, state)


def test_a_file_that_would_run_code_is_refused(tmp_path):
    class Malicious:
        def __reduce__(self):
            return (print, ("this must not be printed",))

    path = tmp_path / "malicious.pth"
    path.write_bytes(pickle.dumps(Malicious()))
    with raises_code("encoder_weights", match=r"builtins\.print"):
        weights.read_state_dict(path)


@pytest.mark.parametrize("content", [b"", pickle.dumps(7)])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with raises_code("encoder_weights", match=r"other\.pth"):
        weights.read_state_dict(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "short.pth"
    path.write_bytes(weights.find_lite0().read_bytes()[:-1000])
    with raises_code("encoder_weights", match=r"short\.pth"):
        weights.read_state_dict(path)


def test_a_missing_wheel_says_what_to_do(monkeypatch):
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package_of_weights")
    with raises_code("encoder_weights", match="install the locked requirements"):
        weights.find_lite0()
