"""Tests of planning and carrying out an erasure."""

import json
import pathlib
import shutil

import pytest
from coded import raises_code
from ml_metadata import metadata_store

from pipeline.lineage import erasure, verification
from pipeline.metadata import connection
from pipeline.runs.folders import DashboardFolder
from schemas import erased

V7 = "made/swap/v7"  # person3 and donor3, in val, in both manifests


@pytest.fixture
def listed(output):
    return output / "erased.jsonl"


@pytest.fixture
def plan(reader, listed):
    return lambda name: erasure.plan(reader(), name, listed)


@pytest.fixture
def erase(output, plan, listed):
    file = connection.of_file(output / connection.SQLITE_FILE)
    return lambda name: erasure.erase(file, plan(name), listed)


@pytest.fixture
def records(output, reader):
    """What the store says of erasures now, the oldest first."""
    client = metadata_store.MetadataStore(connection.of_file(output / connection.SQLITE_FILE))

    def found():
        known = client.get_executions_by_type(erasure.RECORD_TYPE)
        return list(reader().executions(sorted(record.id for record in known)).values())

    return found


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def affected(found, type_name):
    return [entry for entry in found.affected if entry.type == type_name]


def test_a_plan_names_everything_that_holds_the_video_and_changes_nothing(output, plan):
    before = tree(output / "artifacts")
    found = plan(V7)
    assert (found.kind, found.videos, found.sources) == ("video", (V7,), ("v7.mp4",))
    assert [removal.type for removal in found.removals] == [
        *("Examples", "ExampleStatistics", "Examples") * 2,
    ]
    assert all(removal.num_bytes for removal in found.removals if removal.type == "Examples")
    assert [entry.splits for entry in affected(found, "Model")] == [("val",)] * 3
    assert [entry.version for entry in affected(found, "PushedModel")] == ["1000", "1001"]
    assert len(found.runs) == 3
    assert len(found.records) == 2
    assert not found.is_done
    assert tree(output / "artifacts") == before
    assert not (output / "erased.jsonl").exists()


def test_only_examples_that_hold_the_video_count(plan):
    # In the later manifest v6 had no face: it is named there, and no example is of it.
    found = plan("made/original/v6")
    assert len(found.records) == 2
    assert len(affected(found, "Model")) == 2
    assert len(plan("made/swap/v25").runs) == 1


def test_a_model_that_was_only_evaluated_on_the_video_did_not_learn_from_it(plan, erase, reader):
    found = plan("made/swap/v11")
    assert {(entry.splits, entry.learnt) for entry in found.affected} == {(("test",), False)}
    assert erase("made/swap/v11").tainted == ()
    assert all("tainted" not in m.properties for m in reader().artifacts_by_type("Model"))


def test_a_person_is_all_videos_that_show_her_or_were_made_with_her(plan):
    assert plan("made/person3").videos == ("made/original/v6", V7)
    assert plan("donor3").name == "made/donor3"
    assert plan("donor3").videos == (V7,)


def test_videos_made_from_an_erased_one_are_named(reader, plan):
    manifest = reader().artifacts_by_type("VideoManifest")[0]
    path = pathlib.Path(manifest.uri, "videos.jsonl")
    lines = path.read_text().splitlines()
    lines[7] = lines[7].replace('"source_video": null', '"source_video": "v6"')
    path.write_text("\n".join(lines) + "\n")
    assert plan("made/original/v6").derived == (V7,)


def test_an_unknown_key_names_the_nearest_one(plan):
    with raises_code("unknown_video", match="did you mean made/swap/v7"):
        plan("made/swop/v7")


def test_a_name_of_two_datasets_is_refused(reader, plan):
    manifest = reader().artifacts_by_type("VideoManifest")[0]
    path = pathlib.Path(manifest.uri, "videos.jsonl")
    path.write_text(path.read_text().replace('"dataset": "made"', '"dataset": "other"', 8))
    with raises_code("ambiguous_identity", match="made/person3, other/person3"):
        plan("person3")


def test_an_erasure_leaves_no_trace_of_the_video_in_files_but_the_records(output, erase, listed):
    done = erase(V7)
    assert len(done.removed) == 6
    assert done.num_scores_removed == 3 + 2 * 2  # models; pushed copies and served versions
    naming = {
        path.relative_to(output / "artifacts").parts[0]
        for path in (output / "artifacts").rglob("*")
        if path.is_file() and (b"v7" in path.read_bytes())
    }
    assert naming == {"VideoValidator"}
    reference = output / "serving" / "deepfake" / "1000" / "assets.extra" / "reference.json"
    assert json.loads(reference.read_text()) == {"made/original/v6/0": 0.1}
    assert "v7" not in listed.read_text()
    assert erased.ErasedKeys(erased.read(listed)).holds(erased.VIDEO, V7)


def test_the_store_says_what_was_removed_what_is_tainted_and_nothing_dangles(
    output, erase, reader, records
):
    done = erase(V7)
    store = reader()
    states = {artifact.state for artifact in store.artifacts(done.removed).values()}
    assert states == {"DELETED"}
    tainted = store.artifacts(done.tainted).values()
    assert [artifact.type for artifact in tainted] == ["Model"] * 3 + ["PushedModel"] * 2
    assert all(artifact.properties["tainted"] == 1 for artifact in tainted)
    assert all("in val" in str(a.properties["tainted_because"]) for a in tainted)
    [record] = records()
    assert (record.state, record.properties["kind"]) == ("COMPLETE", "video")
    assert record.properties["key_sha256"] == erased.digest(V7)
    assert json.loads(str(record.properties["removed_artifacts"])) == list(done.removed)
    assert "v7" not in str(record)
    places = verification.Places(
        artifacts=output / "artifacts", versions=output / "serving" / "deepfake"
    )
    assert verification.verify(store, places, stale_seconds=0.0).findings == ()


def test_a_second_erasure_of_the_key_has_nothing_to_do(plan, erase, records):
    first = erase(V7)
    assert plan(V7).is_done
    second = erase(V7)
    assert (second.removed, second.tainted, second.num_scores_removed) == ((), (), 0)
    assert second.execution_id == first.execution_id
    [record] = records()
    assert json.loads(str(record.properties["removed_artifacts"])) == list(first.removed)


@pytest.fixture
def crops(output):
    """Face crops of v7 on the pages of two runs, and one of another video."""
    site = DashboardFolder.below(output)
    places = (("run1", V7, 1), ("run1", V7, 2), ("run2", V7, 1), ("run1", "made/swap/v9", 1))
    files = [site.frame(*place) for place in places]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"a face")
    return files


def test_a_plan_counts_the_face_crops_of_the_dashboard_and_leaves_them(crops, plan):
    assert plan(V7).crops == tuple(str(crop) for crop in crops[:3])
    assert all(crop.exists() for crop in crops)


def test_an_erasure_removes_the_face_crops_of_its_videos_and_no_others(crops, erase, plan):
    assert erase(V7).num_crops_removed == 3
    assert [crop.exists() for crop in crops] == [False, False, False, True]
    assert plan(V7).is_done


def test_an_erasure_of_a_person_removes_the_crops_of_all_their_videos(crops, erase):
    assert erase("made/person3").num_crops_removed == 3  # v6 and v7 show person3


def test_crops_made_after_an_erasure_are_something_left_to_do(crops, erase, plan):
    erase(V7)
    crops[0].write_bytes(b"a face")
    assert not plan(V7).is_done
    assert erase(V7).num_crops_removed == 1
    assert plan(V7).is_done


def test_a_second_key_adds_its_reason(erase, reader, records):
    erase(V7)
    erase("made/person4")
    model = reader().artifacts_by_type("Model")[0]
    assert str(model.properties["tainted_because"]).count("learnt from an erased") == 2
    assert len(records()) == 2


@pytest.mark.parametrize("survived", range(6))
def test_an_interrupted_erasure_goes_on(survived, output, plan, erase, monkeypatch, records):
    calls = []
    rmtree = shutil.rmtree

    def interrupted(folder):
        calls.append(folder)
        if len(calls) > survived:
            index = pathlib.Path(folder, "track-index.jsonl")
            index.unlink(missing_ok=True)  # some files are gone, others are not
            raise KeyboardInterrupt
        rmtree(folder)

    expected = {removal.uri for removal in plan(V7).removals}
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            erase(V7)
    [record] = records()
    assert record.state == "RUNNING"
    assert not plan(V7).is_done
    erase(V7)
    assert plan(V7).is_done
    assert not any(pathlib.Path(uri).exists() for uri in expected)
    [record] = records()
    assert record.state == "COMPLETE"


def test_crops_that_a_server_makes_after_the_plan_go_as_well(crops, plan, output, listed):
    crops[0].unlink()
    made_before = plan(V7)
    crops[0].write_bytes(b"a face")
    file = connection.of_file(output / connection.SQLITE_FILE)
    done = erasure.erase(file, made_before, listed)
    assert done.num_crops_removed == 3
    assert not crops[0].exists()
