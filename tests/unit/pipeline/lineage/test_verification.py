"""Tests of the check of files against what ML Metadata keeps of them."""

import json
import pathlib
import shutil

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.lineage import verification
from pipeline.metadata import connection


@pytest.fixture
def findings(output, reader):
    """Verifies the output folder; returns code and subject of each finding."""
    places = verification.Places(
        artifacts=output / "artifacts", versions=output / "serving" / "deepfake"
    )

    def verify():
        found = verification.verify(reader(), places, stale_seconds=0.0)
        return [(finding.code, finding.subject) for finding in found.findings]

    return verify


@pytest.fixture
def client(output):
    return metadata_store.MetadataStore(connection.of_file(output / connection.SQLITE_FILE))


def first(reader, type_name):
    return reader().artifacts_by_type(type_name)[0]


def folder(artifact):
    return pathlib.Path(artifact.uri)


def test_an_untouched_folder_has_no_findings_and_every_digest_was_looked_at(reader, findings):
    assert findings() == []
    found = verification.verify(reader(), verification.Places(), stale_seconds=0.0)
    # 2 manifests, 23 tracks of each, 3 models, 2 files of each of 2 versions and their copies.
    assert found.num_digests == 2 + 2 * 23 + 3 + 2 * 2 * 2
    assert found.num_executions == 36


def test_a_changed_byte_of_an_example_is_found(reader, findings, record_writer):
    examples = first(reader, "Examples")
    record_writer(folder(examples) / "Split-val" / "tracks-00000-of-00001.gz", [b"other"])
    subject = f"artifact {examples.id} (Examples)"
    assert findings() == [("example_digest", subject), ("example_unknown", subject)]


def test_a_torn_file_of_examples_is_found(reader, findings):
    examples = first(reader, "Examples")
    path = folder(examples) / "Split-val" / "tracks-00000-of-00001.gz"
    path.write_bytes(path.read_bytes()[:-20])
    assert [code for code, _ in findings()] == ["record_file_broken"]


def test_a_changed_manifest_is_found(reader, findings):
    manifest = first(reader, "VideoManifest")
    path = folder(manifest) / "videos.jsonl"
    path.write_text(path.read_text().replace('"is_fake": true', '"is_fake": false', 1))
    assert findings() == [("manifest_digest", f"artifact {manifest.id} (VideoManifest)")]


def test_a_model_with_another_preprocessing_than_its_examples_is_found(reader, findings):
    model = reader().artifacts_by_type("Model")[2]
    path = folder(model) / "Format-Serving" / "assets.extra" / "detector.json"
    path.write_text(json.dumps({"preprocessing_hash": "q" * 64}))
    assert findings() == [("preprocessing_differs", f"artifact {model.id} (Model)")]


def test_a_version_that_differs_from_what_was_pushed_is_found(output, reader, findings):
    extra = output / "serving" / "deepfake" / "1000" / "assets.extra"
    (extra / "detector.json").write_text("{}")
    (extra / "added").write_text("")
    pushed = first(reader, "PushedModel")
    assert findings() == [("version_differs", f"artifact {pushed.id} (PushedModel)")]


def test_a_version_that_was_cleaned_up_is_no_finding(output, findings):
    shutil.rmtree(output / "serving" / "deepfake" / "1000")
    assert findings() == []


def test_missing_files_are_found_and_those_of_a_deleted_artifact_are_not_missed(
    reader, findings, client
):
    graph = first(reader, "TransformGraph")
    shutil.rmtree(graph.uri)
    assert findings() == [("files_missing", f"artifact {graph.id} (TransformGraph)")]
    [stored] = client.get_artifacts_by_id([graph.id])
    stored.state = metadata_store_pb2.Artifact.DELETED
    client.put_artifacts([stored])
    assert findings() == []
    folder(graph).mkdir()
    assert findings() == [("deleted_but_there", f"artifact {graph.id} (TransformGraph)")]


def test_folders_and_versions_that_nobody_recorded_are_found(output, findings):
    lost = output / "artifacts" / "Trainer" / "model" / "99"
    system = output / "artifacts" / "Trainer" / ".system" / "executor_execution"
    stray = output / "serving" / "deepfake" / "77"
    for path in (lost, system, stray):
        path.mkdir(parents=True)
    assert findings() == [("orphan_folder", str(lost)), ("orphan_version", str(stray))]


def test_an_execution_that_never_ended_is_dangling_once_it_is_old_enough(reader, findings, client):
    [execution] = client.get_executions_by_id([8])
    execution.last_known_state = metadata_store_pb2.Execution.RUNNING
    client.put_executions([execution])
    assert findings() == [("dangling_execution", "execution 8 (Trainer)")]
    young = verification.verify(reader(), verification.Places(), stale_seconds=3600.0)
    assert young.findings == ()
    assert verification.runs_at_work(reader(), 3600.0) == ("20260101-000000-made",)
    assert verification.runs_at_work(reader(), 0.0) == ()
