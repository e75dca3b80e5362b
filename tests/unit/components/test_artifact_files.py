"""Artifact folders as paths, with a mounted bucket and without one."""

import ast
import pathlib
import re

import pytest
from tfx.types import standard_artifacts

from components import artifact_files, artifact_types, dead_letters
from components.data_gate import facts as gate_facts
from schemas.dead_letter import DeadLetter
from schemas.errors import ArtifactNotLocalError

ROOT = pathlib.Path(__file__).parents[3]
SOURCES = sorted(
    source
    for package in ("components", "pipeline/runs")
    for source in (ROOT / package).rglob("*.py")
    if source.name != "artifact_files.py"
)


@pytest.mark.parametrize("path", ["/data/runs/3", "runs/3", "/data/a:b", "gs:/not-an-address"])
def test_a_plain_path_stays_as_it_is(path):
    assert str(artifact_files.local_folder(path)) == path


def test_an_object_of_a_mounted_bucket_lies_below_the_mount(tmp_path):
    (tmp_path / "bucket").mkdir()
    found = artifact_files.local_folder("gs://bucket/runs/3/", mount_root=tmp_path)
    assert found == tmp_path / "bucket" / "runs" / "3"
    assert not found.exists()


def test_an_output_folder_exists_afterwards(tmp_path):
    (tmp_path / "bucket").mkdir()
    for _ in range(2):  # a retried node finds its own folder
        found = artifact_files.output_folder("gs://bucket/runs/3", mount_root=tmp_path)
        assert found.is_dir()


def test_a_bucket_that_is_not_mounted_is_named(tmp_path):
    with pytest.raises(ArtifactNotLocalError, match="bucket other is not") as caught:
        artifact_files.output_folder("gs://other/runs", mount_root=tmp_path)
    assert caught.value.code == "artifact_not_local"
    assert list(tmp_path.iterdir()) == []  # a folder made here would be no bucket


@pytest.mark.parametrize("uri", ["s3://bucket/x", "gs:///x", "file:///data/x", "hdfs://name/x"])
def test_other_addresses_are_refused(uri, tmp_path):
    with pytest.raises(ArtifactNotLocalError, match="must lie under a plain path"):
        artifact_files.local_folder(uri, mount_root=tmp_path)


@pytest.fixture
def remote(tmp_path, monkeypatch):
    """Makes artifacts in a bucket that is mounted nowhere; gives the folder of this process."""
    monkeypatch.chdir(tmp_path)

    def remote(kind):
        artifact = kind()
        artifact.uri = "gs://bucket-that-is-not-mounted/artifact"
        return artifact

    return remote


def test_dead_letters_of_a_bucket_are_not_written_into_a_folder_named_gs(remote, tmp_path):
    letters = [DeadLetter(record_key="a", code="no_face", message="m")]
    with pytest.raises(ArtifactNotLocalError):
        dead_letters.write(remote(artifact_types.DeadLetters), letters, num_inputs=1)
    assert list(tmp_path.iterdir()) == []


def test_dead_letters_of_a_bucket_are_not_read_as_none(remote):
    with pytest.raises(ArtifactNotLocalError):
        dead_letters.read(remote(artifact_types.DeadLetters).uri)


def test_facts_are_not_looked_for_in_a_folder_named_gs(remote):
    kinds = {
        "anomalies": standard_artifacts.ExampleAnomalies,
        "statistics": standard_artifacts.ExampleStatistics,
        "manifest": artifact_types.VideoManifest,
        "examples": standard_artifacts.Examples,
        "letters_validator": artifact_types.DeadLetters,
        "letters_extractor": artifact_types.DeadLetters,
    }
    with pytest.raises(ArtifactNotLocalError):
        gate_facts.read({key: [remote(kind)] for key, kind in kinds.items()})


def takes_a_uri_for_a_path(node):
    """Whether a syntax node is `pathlib.Path(...)` of `artifact.uri` or `get_split_uri(...)`."""
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("Path"):
        return False
    return any(re.search(r"\.uri\b|_uri\(", ast.unparse(argument)) for argument in node.args)


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_takes_the_uri_of_an_artifact_for_a_path(source):
    """It would write into a folder named `gs:`, and the files would be gone with the node."""
    nodes = ast.walk(ast.parse(source.read_text()))
    found = [node.lineno for node in nodes if takes_a_uri_for_a_path(node)]
    assert not found, f"lines {found}: use components.artifact_files"
