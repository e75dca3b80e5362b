"""The executor with a real server process, and the contract of the component."""

import dataclasses
import json
import pathlib
import shutil
import socket

import pytest
from tfx.types import channel_utils, standard_artifacts

from components.serving_validator import component, executor, keys, server


@pytest.fixture
def validate(tmp_path, examples, settings):
    """Runs the executor on a model; gives the blessing and the parsed reasons."""

    def run(model, **changes):
        blessing = standard_artifacts.InfraBlessing()
        blessing.uri = str(tmp_path / "blessing")
        chosen = dataclasses.replace(settings, **changes)
        executor.Executor().Do(
            {"model": [model], "examples": [examples]},
            {"blessing": [blessing]},
            {
                keys.CHECK_CONFIG: json.dumps(dataclasses.asdict(chosen)),
                keys.MODEL_NAME: "deepfake",
                keys.CODE_FINGERPRINT: "",
            },
        )
        report = json.loads((tmp_path / "blessing" / keys.REASONS_FILE).read_text())
        return blessing, report

    return run


def test_a_sound_model_is_blessed_by_a_server_process_that_ends(validate, make_model, tmp_path):
    blessing, report = validate(make_model())
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_int_custom_property("current_model_id") == 5
    assert report == {"blessed": True, "num_tracks": 5, "reasons": []}
    folder = tmp_path / "blessing"
    assert (folder / "INFRA_BLESSED").exists()
    assert not (folder / "INFRA_NOT_BLESSED").exists()
    log = (folder / keys.LOG_FILE).read_text()
    address = next(line for line in log.splitlines() if "is AVAILABLE at" in line).split()[-1]
    assert "deepfake version 1" in log
    assert _refuses(address)


def test_a_model_that_cannot_be_loaded_is_not_blessed_and_the_run_goes_on(validate, make_model):
    model = make_model()
    shutil.rmtree(pathlib.Path(model.uri) / "Format-Serving" / "variables")
    blessing, report = validate(model)
    assert blessing.get_int_custom_property("blessed") == 0
    (reason,) = report["reasons"]
    assert reason["code"] == "server_failed"
    assert reason["message"].startswith("the server could not load the model: ")
    assert blessing.get_string_custom_property(keys.REASONS) == reason["message"]
    assert (pathlib.Path(blessing.uri) / "INFRA_NOT_BLESSED").exists()


def test_a_server_that_takes_too_long_is_ended_and_not_blessed(validate, make_model):
    _, report = validate(make_model(), startup_timeout_seconds=1.0)
    (reason,) = report["reasons"]
    assert "took too long to listen: raise startup_timeout_seconds" in reason["message"]


def test_a_server_that_crashes_is_not_blessed_and_its_last_words_are_kept(
    validate, make_model, monkeypatch
):
    monkeypatch.setattr(server, "SERVER_MODULE", "no.such.server")
    _, report = validate(make_model())
    (reason,) = report["reasons"]
    assert "ended with status 1 before it could listen" in reason["message"]
    assert "No module named no" in reason["message"] or "'no'" in reason["message"]


def test_a_bug_of_the_validator_stops_the_run(validate, make_model, monkeypatch):
    def broken(*arguments):
        raise KeyError("a bug, not a bad model")

    monkeypatch.setattr(executor.examination, "read_reference", broken)
    with pytest.raises(KeyError, match="a bug"):
        validate(make_model())


def test_contract_names_types_and_parameters():
    validator = component.ServingValidator(
        model=channel_utils.as_channel([standard_artifacts.Model()]),
        examples=channel_utils.as_channel([standard_artifacts.Examples()]),
        check_config="{}",
        model_name="deepfake",
    )
    assert {k: c.type_name for k, c in validator.outputs.items()} == {"blessing": "InfraBlessing"}
    assert validator.exec_properties[keys.MODEL_NAME] == "deepfake"
    assert len(validator.exec_properties[keys.CODE_FINGERPRINT]) == 64


def _refuses(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0
