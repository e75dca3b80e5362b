"""Facts read from real TFX artifacts."""

import json

import pytest
from tfx.types import artifact_utils, standard_artifacts

from components import artifact_types, dead_letters
from components.guarded_pusher import keys as pusher_keys
from components.serving_validator import keys as serving_keys
from pipeline.runners import node_facts
from schemas import track_index
from schemas.dead_letter import DeadLetter
from schemas.track_index import TrackRow


def stored(artifact):
    """The artifact as ML Metadata gives it back: its own type may be unknown there."""
    return artifact_utils.deserialize_artifact(artifact.artifact_type, artifact.mlmd_artifact)


def facts_of(artifact):
    return node_facts.of_outputs({"out": [stored(artifact)]})


@pytest.fixture
def made(tmp_path):
    def made(kind):
        artifact = kind()
        artifact.uri = str(tmp_path)
        return artifact

    return made


def test_dead_letters_by_code(made):
    artifact = made(artifact_types.DeadLetters)
    letters = [
        DeadLetter(record_key=key, code=code, message="m")
        for key, code in (("a", "no_face"), ("b", "truncated"), ("c", "no_face"))
    ]
    dead_letters.write(artifact, letters, num_inputs=9)
    by_code = {"no_face": 2, "truncated": 1}
    assert facts_of(artifact) == {"letters": {"num_inputs": 9, "by_code": by_code}}


def test_tracks_and_videos_by_split(made, tmp_path):
    rows = [("test", "c"), ("train", "a"), ("train", "a"), ("train", "b")]
    index = [
        TrackRow(video_key=f"{key}/{n}", record_key=key, split=split, num_present=1, digest="")
        for n, (split, key) in enumerate(rows)
    ]
    track_index.write(str(tmp_path), index)
    tracks = facts_of(made(standard_artifacts.Examples))["tracks"]
    assert list(tracks) == ["train", "val", "calibration", "test"]
    assert tracks["train"] == {"videos": 2, "tracks": 3}
    assert tracks["val"] == {"videos": 0, "tracks": 0}
    assert tracks["test"] == {"videos": 1, "tracks": 1}


def test_transformed_examples_say_nothing(made):
    assert facts_of(made(standard_artifacts.Examples)) == {}


def test_blessings(made, tmp_path):
    model, infra = made(standard_artifacts.ModelBlessing), made(standard_artifacts.InfraBlessing)
    model.set_int_custom_property(serving_keys.BLESSED, 1)
    assert facts_of(model) == {"model_blessing": {"blessed": True}}
    infra.set_int_custom_property(serving_keys.BLESSED, 0)
    finding = {"code": "not_finite", "message": "score is NaN"}
    (tmp_path / serving_keys.REASONS_FILE).write_text(json.dumps({serving_keys.REASONS: [finding]}))
    assert facts_of(infra) == {"infra_blessing": {"blessed": False, "reasons": ["score is NaN"]}}


def test_a_push_and_whether_it_is_still_there(made, tmp_path):
    artifact = made(standard_artifacts.PushedModel)
    artifact.set_int_custom_property(pusher_keys.PUSHED, 1)
    artifact.set_string_custom_property(pusher_keys.PUSHED_VERSION, "7")
    artifact.set_string_custom_property(pusher_keys.PUSHED_DESTINATION, str(tmp_path / "7"))
    push = facts_of(artifact)["push"]
    assert (push["pushed"], push["version"], push["present"]) == (True, "7", False)
    (tmp_path / "7").mkdir()
    assert facts_of(artifact)["push"]["present"] is True


def test_a_refused_push(made):
    artifact = made(standard_artifacts.PushedModel)
    artifact.set_int_custom_property(pusher_keys.PUSHED, 0)
    artifact.set_string_custom_property(pusher_keys.REFUSED_BECAUSE, "the model is not blessed")
    push = facts_of(artifact)["push"]
    assert (push["pushed"], push["present"]) == (False, False)
    assert push["refused_because"] == "the model is not blessed"


def test_outputs_that_no_report_needs_say_nothing(made):
    assert facts_of(made(standard_artifacts.Schema)) == {}
