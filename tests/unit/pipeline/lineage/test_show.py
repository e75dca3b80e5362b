"""What made a model."""

import shutil

import pytest

from pipeline.lineage import show
from pipeline.lineage.store import Store
from pipeline.metadata import connection


def test_a_pushed_version_leads_back_to_its_videos(store, made):
    found = show.show(store, "1001")
    assert (found.run, found.pipeline, found.versions) == (made.run_name(1), "made", ("1001",))
    assert [place.type for place in found.artifacts][0::5] == ["Model", "VideoManifest"]
    total = sum(sum(counts.values()) for counts in found.videos.values())
    assert total == 24
    assert list(found.videos) == ["train", "val", "calibration", "test"]
    assert found.videos["train"] == {"real": 6, "fake": 6}


def test_rejected_inputs_are_counted_by_code(store):
    assert show.show(store, "1000").dead_letters == {"no_face": 1, "too_short": 1}


def test_steps_name_the_run_in_which_they_ran_and_their_code(store, made):
    steps = {step.node: step for step in show.show(store, "1001").steps}
    assert steps["FrameExtractor"].run == made.run_name(0)
    assert steps["Trainer"].run == made.run_name(1)
    assert {"Evaluator", "ServingValidator", "Pusher"} <= steps.keys()
    # A stock node keeps it in its custom_config, our own as a property.
    assert all(len(steps[node].code_fingerprint) == 64 for node in ("Trainer", "FrameExtractor"))


def test_parameters_packages_and_digests_are_those_of_the_training(store):
    found = show.show(store, "1001")
    assert found.parameters == {"training": {"epochs": 2, "seed": 1}}
    assert found.packages == {"keras": "3.15.1"}
    assert set(found.digests) == {"manifest_digest", "input_fingerprint", "preprocessing_hash"}


def test_a_repeated_run_shows_the_model_that_it_reused(repeated, made):
    found = show.show(repeated, made.run_name(1))
    assert (found.run, found.versions) == (made.run_name(0), ("1000",))
    assert found.reused_by == (made.run_name(1),)
    assert {step.run for step in found.steps} == {made.run_name(0)}
    assert len(found.verdict.evaluations) == len(found.verdict.pushes) == 1


def test_a_run_that_was_refused_has_a_model_without_versions(store, made):
    found = show.show(store, made.run_name(2))
    assert found.versions == ()
    assert [evaluation.blessed for evaluation in found.verdict.evaluations] == [False]


def test_what_files_would_tell_is_said_to_be_missing(made, tmp_path):
    made.make_store(tmp_path, runs=1)
    shutil.rmtree(tmp_path / "artifacts")
    found = show.show(Store(connection.of_file(tmp_path / "metadata.db")), "1000")
    assert found.videos == {}
    assert found.parameters == {"training": {"epochs": 2}}, "ML Metadata has the configured ones"
    assert len(found.unread) == 2
    assert all("cannot read the files of" in text for text in found.unread)


@pytest.mark.parametrize(
    ("properties", "digest"),
    [
        ({"code_fingerprint": "abc"}, "abc"),
        ({"custom_config": '{"code_fingerprint": "abc"}'}, "abc"),
        ({"custom_config": "not JSON"}, ""),
        ({"custom_config": "[1]"}, ""),
        ({}, ""),
    ],
)
def test_the_code_of_an_execution_is_found_in_either_place(properties, digest):
    assert show.code_of(properties) == digest
