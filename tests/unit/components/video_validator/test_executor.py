"""VideoValidator in TFX's own launcher, with a real metadata store and real videos."""

import json
import os
import pathlib

import pytest
from coded import raises_code
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner

from components import dead_letters
from components.video_validator import component, keys
from schemas import erased, taxonomy, video_record

RULES = {
    "min_duration_seconds": 0.5,
    "max_duration_seconds": 60,
    "min_fps": 5,
    "max_fps": 120,
    "min_side_pixels": 64,
}
SPLITS = {"train": 0.25, "val": 0.25, "calibration": 0.25, "test": 0.25, "seed": 0}


class Site:
    """A folder with videos, a manifest, and a pipeline of VideoValidator alone."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.manifest = folder / "videos.csv"
        self._connection = metadata.sqlite_metadata_connection_config(str(folder / "metadata.db"))

    def run(self) -> metadata_store_pb2.Execution:
        """Runs the pipeline and returns the newest execution."""
        node = component.VideoValidator(
            manifest_path=str(self.manifest),
            rules=json.dumps(RULES),
            splits=json.dumps(SPLITS),
            erased_list=str(self.folder / erased.FILE_NAME),
        )
        local_dag_runner.LocalDagRunner().run(
            pipeline.Pipeline(
                pipeline_name="test",
                pipeline_root=str(self.folder / "root"),
                components=[node],
                metadata_connection_config=self._connection,
                enable_cache=True,
                beam_pipeline_args=["--direct_running_mode=in_memory"],
            )
        )
        return self.newest()

    def store(self) -> metadata_store.MetadataStore:
        return metadata_store.MetadataStore(self._connection)

    def newest(self) -> metadata_store_pb2.Execution:
        return max(self.store().get_executions(), key=lambda execution: execution.id)

    def artifact(self, type_name: str) -> metadata_store_pb2.Artifact:
        return max(self.store().get_artifacts_by_type(type_name), key=lambda found: found.id)


def state(execution):
    return metadata_store_pb2.Execution.State.Name(execution.last_known_state)


@pytest.fixture(scope="module")
def site(tmp_path_factory, make_video):
    """Five people with a real and a fake video each, and three rows that cannot be used."""
    folder = tmp_path_factory.mktemp("site")
    lines = ["video_id,path,label,target_identity,mood"]
    for person in range(5):
        for label in taxonomy.LABELS:
            name = f"{label}{person}"
            make_video(folder / f"{name}.mp4", seed=len(lines))
            lines.append(f"{name},{name}.mp4,{label},person {person},good")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "copy.mp4").write_bytes((folder / "real0.mp4").read_bytes())
    lines += ["empty,empty.mp4,real,,", "copy,copy.mp4,real,,", "gone,gone.mp4,fake,,"]
    (folder / "videos.csv").write_text("\n".join(lines) + "\n")
    return Site(folder)


@pytest.fixture(scope="module")
def first_run(site):
    return site.run()


def test_accepted_videos_have_a_split_and_the_others_a_letter(site, first_run):
    assert state(first_run) == "COMPLETE"
    manifest = site.artifact("VideoManifest")
    records = video_record.read(pathlib.Path(manifest.uri, video_record.FILE_NAME))
    assert [record.key for record in records] == sorted(record.key for record in records)
    assert {(record.split, record.is_fake) for record in records} == {
        (split, fake) for split in taxonomy.SPLITS for fake in (True, False)
    }
    assert all(pathlib.Path(record.path).is_absolute() for record in records)
    assert all(record.num_frames == 10 for record in records)
    letters = dead_letters.read(site.artifact("DeadLetters").uri)
    assert {letter.record_key.rpartition("/")[2]: letter.code for letter in letters} == {
        "empty": "undecodable",
        "copy": "exact_duplicate",
        "gone": "missing_file",
    }


def test_artifacts_carry_their_counts(site, first_run):
    manifest = site.artifact("VideoManifest")
    counts = {key: value.int_value for key, value in manifest.properties.items()}
    assert (counts["num_videos"], counts["num_identities"], counts["num_components"]) == (10, 5, 5)
    assert len(manifest.properties["manifest_digest"].string_value) == 64
    letters = site.artifact("DeadLetters")
    assert letters.properties["num_letters"].int_value == 3
    assert letters.properties["num_inputs"].int_value == 13
    assert letters.custom_properties["code/undecodable"].int_value == 1
    overview = json.loads(pathlib.Path(manifest.uri, keys.SPLITS_FILE).read_text())
    assert sum(split["videos"] for split in overview["splits"].values()) == 10


def test_the_input_fingerprint_is_recorded(first_run):
    assert len(first_run.custom_properties[keys.INPUT_FINGERPRINT].string_value) == 64


def test_only_changed_content_runs_again(site, first_run):
    assert state(site.run()) == "CACHED"

    for file in site.folder.glob("*.mp4"):
        os.utime(file, (1, 1))
    os.utime(site.manifest, (1, 1))
    assert state(site.run()) == "CACHED"

    video = site.folder / "fake3.mp4"
    video.write_bytes(video.read_bytes() + b"\0")
    changed = site.run()
    assert state(changed) == "COMPLETE"

    original = site.manifest.read_text()
    site.manifest.write_text(original.replace("copy,copy.mp4,real", "copy,copy.mp4,fake"))
    relabelled = site.run()
    assert state(relabelled) == "COMPLETE"
    letters = dead_letters.read(site.artifact("DeadLetters").uri)
    assert [letter.code for letter in letters].count("label_conflict") == 2

    site.manifest.write_text(original)
    assert state(site.run()) == "CACHED"  # back to what it was two runs ago


def test_an_erased_person_is_kept_out_of_the_next_run(site, first_run):
    listed = site.folder / erased.FILE_NAME
    key = erased.ErasedKey(
        kind=erased.IDENTITY, sha256=erased.digest("unknown/person 4"), erased_at=""
    )
    erased.add(listed, key)
    try:
        assert state(site.run()) == "COMPLETE"
    finally:
        listed.unlink()
    manifest = site.artifact("VideoManifest")
    records = video_record.read(pathlib.Path(manifest.uri, video_record.FILE_NAME))
    assert len(records) == 8
    assert not any("4" in record.video_id for record in records)
    letters = dead_letters.read(site.artifact("DeadLetters").uri)
    assert [letter.record_key for letter in letters if letter.code == "erased"] == [
        "row 10",
        "row 9",
    ]


def test_a_manifest_without_a_usable_video_fails_the_execution(site, first_run):
    original = site.manifest.read_text()
    site.manifest.write_text("video_id,path,label\na,empty.mp4,real\nb,gone.mp4,fake\n")
    try:
        with raises_code("no_usable_video", match="missing_file 1, undecodable 1"):
            site.run()
        assert state(site.newest()) == "FAILED"
    finally:
        site.manifest.write_text(original)
