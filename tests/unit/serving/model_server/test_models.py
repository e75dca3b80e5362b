"""Finding, loading and running versions, without a network."""

import numpy as np
import pytest
from coded import raises_code
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from serving.model_server import models

NUMBERS = {"numbers": np.array([[1, 2], [3, 4]], np.float32)}


@pytest.fixture(scope="module")
def servable(base_path):
    return models.Servable(base_path / "12")


def test_the_newest_complete_version_is_found(base_path):
    assert models.find_version(base_path) == (12, base_path / "12")
    assert models.find_version(base_path / "3") == (1, base_path / "3")


@pytest.mark.parametrize("name", ["absent", ""])
def test_a_folder_without_versions_names_itself(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=r"no version and no saved_model\.pb"):
        models.find_version(tmp_path / name)


def test_signatures_run_and_outputs_can_be_filtered(servable):
    outputs = servable.run("serving_default", NUMBERS)
    np.testing.assert_array_equal(outputs["doubled"], [[2, 4], [6, 8]])
    np.testing.assert_array_equal(outputs["total"], [3, 7])
    assert set(servable.run("serving_default", NUMBERS, ["total"])) == {"total"}
    assert {"serving_default", "decode"} <= set(servable.signature_defs)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, r"sent extra \[\], missing \['numbers'\]"),
        ({**NUMBERS, "more": np.zeros(1)}, r"sent extra \['more'\], missing \[\]"),
        ({"numbers": np.zeros((1, 2), np.int64)}, r"must be float32 .*, got int64 \(1, 2\)"),
        ({"numbers": np.zeros((1, 3), np.float32)}, r"must be float32 .*, got float32 \(1, 3\)"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_with_what_was_expected(servable, inputs, message):
    with raises_code("invalid_argument", match=message):
        servable.run("serving_default", inputs)


def test_unknown_signatures_and_outputs_are_refused(servable):
    with raises_code("failed_precondition", match=r'"absent" not found.* decode'):
        servable.run("absent", NUMBERS)
    with raises_code("invalid_argument", match=r"unknown outputs \['absent'\]"):
        servable.run("serving_default", NUMBERS, ["absent"])


def test_a_model_goes_from_start_to_available(base_path):
    model = models.Model("deepfake", base_path)
    assert model.status == (12, ModelVersionStatus.START, "")
    with raises_code("unavailable", match="deepfake is START"):
        model.servable("deepfake")
    model.load()
    assert model.status == (12, ModelVersionStatus.AVAILABLE, "")
    assert model.servable("deepfake", 12).signature_defs


def test_a_model_that_cannot_be_loaded_ends_with_the_reason(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / models.SAVED_MODEL_FILE).write_bytes(b"not a protobuf")
    model = models.Model("deepfake", tmp_path)
    model.load()
    assert model.status.state == ModelVersionStatus.END
    assert str(tmp_path / "1") in model.status.error
    with raises_code("unavailable", match="deepfake is END: "):
        model.servable("deepfake")


@pytest.mark.parametrize(
    ("name", "version", "asked"),
    [("other", None, r"Latest\(other\)"), ("deepfake", 3, r"Specific\(deepfake, 3\)")],
)
def test_other_models_and_versions_are_not_found(base_path, name, version, asked):
    with raises_code("not_found", match=f"Servable not found .* {asked}"):
        models.Model("deepfake", base_path).servable(name, version)
