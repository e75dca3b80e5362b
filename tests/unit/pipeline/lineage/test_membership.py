"""Who saw a video, a person or a dataset."""

from coded import raises_code

from pipeline.lineage import membership
from pipeline.lineage.store import Store
from pipeline.metadata import connection


def versions(found):
    return [version for model in found.models for version in model.versions]


def test_a_video_of_the_first_manifest_was_seen_by_its_runs_only(store):
    found = membership.trains_on(store, "made/swap/v1")
    assert found.kind == "video"
    assert versions(found) == ["1000", "1001"]
    assert [model.splits for model in found.models] == [{"train": 1}, {"train": 1}]


def test_a_video_that_stayed_was_seen_by_refused_models_too(store, made):
    found = membership.trains_on(store, "made/original/v20")
    assert [model.run for model in found.models] == [made.run_name(n) for n in range(4)]
    assert versions(found) == ["1000", "1001", "1003"]
    assert len(found.manifests) == 2


def test_a_video_that_came_later_was_seen_later(store, made):
    found = membership.trains_on(store, "made/original/v28")
    assert [model.run for model in found.models] == [made.run_name(2), made.run_name(3)]


def test_a_repeated_run_reuses_the_model_and_its_push(repeated, made):
    [model] = membership.trains_on(repeated, "made/swap/v1").models
    assert model.versions == ("1000",)
    assert model.run == made.run_name(0)
    assert model.reused_by == (made.run_name(1),)


def test_a_video_of_the_test_split_is_said_to_be_that(store):
    [model, *_] = membership.trains_on(store, "made/swap/v11").models
    assert model.splits == {"test": 1}


def test_a_person_is_found_as_target_and_as_source(store):
    assert membership.trains_on(store, "person2").videos == ("made/original/v4", "made/swap/v5")
    assert membership.trains_on(store, "donor2").videos == ("made/swap/v5",)


def test_a_person_is_found_by_the_name_of_the_dataset_and_the_person(store):
    assert membership.trains_on(store, "made/donor2").videos == ("made/swap/v5",)


def test_a_dataset_counts_its_videos_by_split(store):
    found = membership.trains_on(store, "made")
    assert found.kind == "dataset"
    assert found.models[0].splits == {"train": 11, "val": 4, "calibration": 4, "test": 4}


def test_a_video_without_a_face_was_seen_by_nobody(store):
    found = membership.trains_on(store, "made/original/v0")
    assert found.models == ()
    assert found.without_example == ("made/original/v0",)


def test_the_kind_can_be_given(store):
    with raises_code("unknown_video"):
        membership.trains_on(store, "made", "video")


def test_a_bare_video_id_is_answered_with_the_record_key(store):
    with raises_code("unknown_video", match=r"did you mean made/swap/v1\?"):
        membership.trains_on(store, "v1")


def test_where_an_index_is_gone_the_manifest_is_believed_and_that_is_told(made, tmp_path):
    """As after an erasure: a model that may have seen the video is never left out."""
    made.make_store(tmp_path, runs=4)
    [index] = (tmp_path / "artifacts/FrameExtractor/examples/2").glob("track-index.jsonl")
    index.unlink()
    found = membership.trains_on(
        Store(connection.of_file(tmp_path / "metadata.db")), "made/original/v20"
    )
    assert versions(found) == ["1000", "1001", "1003"]
    assert len(found.unread) == 1
    assert "track-index.jsonl" in found.unread[0]
