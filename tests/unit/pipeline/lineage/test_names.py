"""What a person may call a model or a run."""

import pytest
from coded import raises_code

from pipeline.lineage import names
from schemas.errors import UnknownRunError


def test_a_model_goes_by_pushed_version_folder_id_and_run(store, history, made):
    by_version = names.model(store, "1001")
    folder = str(history / "serving" / "deepfake" / "1001")
    assert names.model(store, folder) == by_version
    assert names.model(store, str(by_version.id)) == by_version
    assert names.model(store, made.run_name(1)) == by_version
    assert names.model(store, "latest") == names.model(store, "1003")


def test_the_id_of_a_pushed_model_means_its_model(store):
    [first, *_] = store.artifacts_by_type("PushedModel")
    assert names.model(store, str(first.id)) == names.model(store, "1000")


def test_an_unknown_model_is_answered_with_the_nearest(store):
    with raises_code("unknown_model", match=r"did you mean 1001\?|did you mean 100"):
        names.model(store, "10011")


def test_the_id_of_another_artifact_is_no_model(store):
    [manifest, *_] = store.artifacts_by_type("VideoManifest")
    with raises_code("unknown_model"):
        names.model(store, str(manifest.id))


@pytest.mark.parametrize("name", ["9" * 30, "", "\u0663", "-1"])
def test_odd_names_are_unknown_models(store, name):
    with raises_code("unknown_model"):
        names.model(store, name)


def test_a_run_goes_by_the_start_of_its_id(store, made):
    assert names.run(store, "20260101-000002").name == made.run_name(2)
    assert names.run(store, "latest").name == made.run_name(3)


def test_the_start_of_several_runs_is_ambiguous(store):
    with raises_code("ambiguous_run", match="give more"):
        names.run(store, "20260101")


def test_an_unknown_run_is_answered_with_the_nearest(store, made):
    with pytest.raises(UnknownRunError, match=f"did you mean {made.run_name(0)}"):
        names.run(store, "20260101-000000-mad3")
