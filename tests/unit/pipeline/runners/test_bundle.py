"""The bundle: what leaves arrives, or is refused."""

import dataclasses
import json
import pathlib

import pytest
from coded import raises_code

from pipeline.config import load
from pipeline.runners import bundle, ir
from schemas.names import NODES


@pytest.fixture(scope="module")
def config():
    return load.load("kubeflow")


@pytest.fixture(scope="module")
def parcel(config):
    return bundle.build(config)


def test_the_same_configuration_gives_the_same_digest_wherever_it_is_submitted_to(config, parcel):
    elsewhere = dataclasses.replace(config.kubeflow, host="kfp.example", namespace="team")
    assert bundle.build(dataclasses.replace(config, kubeflow=elsewhere)).digest == parcel.digest
    renamed = dataclasses.replace(config, name="other")
    assert bundle.build(renamed).digest != parcel.digest


def test_arguments_carry_graph_and_configuration(config, parcel):
    arrived = bundle.from_arguments(parcel.arguments(), digest=parcel.digest)
    assert arrived.text == parcel.text
    assert arrived.config.training == config.training
    assert tuple(ir.upstream(arrived.ir())) == NODES


def test_nothing_of_the_machine_that_compiles_travels(parcel):
    checkout = pathlib.Path(bundle.__file__).parents[2]
    assert str(checkout) not in parcel.text


def test_no_password_and_no_brace_of_a_template_travels(config, monkeypatch):
    monkeypatch.setenv("DEEPFAKE_METADATA_PASSWORD", "hunter2-secret")
    made = bundle.build(config)
    assert "hunter2-secret" not in made.text
    assert not any("{{" in argument for argument in made.arguments())


def test_a_large_bundle_is_cut_into_arguments_that_linux_takes(parcel):
    content = json.loads(parcel.text)
    content["config"]["data"]["notice"] = "".join(f"{n:x}" for n in range(60_000))
    large = bundle.Bundle(json.dumps(content))
    arguments = large.arguments()
    assert len(arguments) > 1
    assert max(map(len, arguments)) < 128 * 1024
    assert bundle.from_arguments(arguments, digest=large.digest).text == large.text


def test_a_bundle_that_no_cluster_would_take_is_refused(parcel):
    content = json.loads(parcel.text)
    content["config"]["data"]["notice"] = "".join(f"{n * 2654435761:x}" for n in range(150_000))
    with raises_code("bundle_too_large", match="at most 500000"):
        bundle.Bundle(json.dumps(content)).arguments()


def test_what_was_changed_on_the_way_is_refused(parcel, tmp_path):
    other = bundle.Bundle(parcel.text.replace("deepfake-kubeflow", "deepfake-kubefool"))
    with raises_code("bundle_digest", match="digest is"):
        bundle.from_arguments(other.arguments(), digest=parcel.digest)
    with raises_code("bundle_digest", match="no bundle"):
        bundle.from_arguments(["gz64:AAAA"], digest=parcel.digest)
    path = tmp_path / "bundle.json"
    with raises_code("bundle_digest", match="`prepare` of this run has not ended"):
        bundle.read(path, digest=parcel.digest)
    path.write_text(parcel.text[:-1])
    with raises_code("bundle_digest", match="digest is"):
        bundle.read(path, digest=parcel.digest)


def test_an_image_with_other_code_is_refused(parcel):
    bundle.check_code(parcel)
    content = json.loads(parcel.text) | {"code": "0" * 64}
    with raises_code("code_mismatch", match="compiled by code 000000000000"):
        bundle.check_code(bundle.Bundle(json.dumps(content)))
