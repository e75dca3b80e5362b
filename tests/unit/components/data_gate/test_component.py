"""DataGate: its contract, and TFX's own launcher around real artifacts."""

import dataclasses
import json
import pathlib

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.types import artifact_utils, channel_utils, standard_artifacts

from components import artifact_types, dead_letters
from components.data_gate import component, keys
from schemas import taxonomy, track_index, video_record
from schemas.dead_letter import DeadLetter
from schemas.errors import DeepfakeError

SPLIT_NAMES = artifact_utils.encode_split_names(list(taxonomy.SPLITS))
TYPES = {
    keys.ANOMALIES: standard_artifacts.ExampleAnomalies,
    keys.STATISTICS: standard_artifacts.ExampleStatistics,
    keys.MANIFEST: artifact_types.VideoManifest,
    keys.EXAMPLES: standard_artifacts.Examples,
    keys.LETTERS_VALIDATOR: artifact_types.DeadLetters,
    keys.LETTERS_EXTRACTOR: artifact_types.DeadLetters,
}


def test_contract_names_types_and_parameters(limits):
    channels = {key: channel_utils.as_channel([kind()]) for key, kind in TYPES.items()}
    text = json.dumps(dataclasses.asdict(limits))
    node = component.DataGate(**channels, limits=text)
    assert {key: channel.type for key, channel in node.inputs.items()} == TYPES
    assert {key: channel.type_name for key, channel in node.outputs.items()} == {
        "report": "DataReport"
    }
    assert node.exec_properties[keys.LIMITS] == text
    assert len(node.exec_properties[keys.CODE_FINGERPRINT]) == 64


@pytest.fixture
def folder(tmp_path, facts):
    """The files of the input artifacts, one folder each; the facts are good."""
    for key in TYPES:
        (tmp_path / key).mkdir()
    video_record.write(tmp_path / keys.MANIFEST / video_record.FILE_NAME, facts.records)
    track_index.write(str(tmp_path / keys.EXAMPLES), facts.tracks)
    for split in taxonomy.SPLITS:
        statistics = statistics_pb2.DatasetFeatureStatisticsList()
        statistics.datasets.add(name="All Examples", num_examples=2)
        statistics.datasets.add(name="a slice", num_examples=1)
        write(tmp_path / keys.STATISTICS, split, "FeatureStats.pb", statistics)
        write(tmp_path / keys.ANOMALIES, split, "SchemaDiff.pb", anomalies_pb2.Anomalies())
    return tmp_path


def write(folder, split, name, message):
    path = folder / f"Split-{split}" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(message.SerializeToString())


def run(folder, limits, letters=()):
    """Runs DataGate behind importers of the files in `folder`; returns its newest execution."""
    properties = {
        keys.ANOMALIES: {"split_names": SPLIT_NAMES},
        keys.STATISTICS: {"split_names": SPLIT_NAMES},
        keys.LETTERS_VALIDATOR: {"num_inputs": 8},
    }
    for key in (keys.LETTERS_VALIDATOR, keys.LETTERS_EXTRACTOR):
        artifact = artifact_types.DeadLetters()
        artifact.uri = str(folder / key)
        dead_letters.write(artifact, letters, num_inputs=8)
    importers = {
        key: importer.Importer(
            source_uri=str(folder / key), artifact_type=kind, properties=properties.get(key)
        ).with_id(key)
        for key, kind in TYPES.items()
    }
    channels = {key: node.outputs["result"] for key, node in importers.items()}
    gate = component.DataGate(**channels, limits=json.dumps(dataclasses.asdict(limits)))
    connection = metadata.sqlite_metadata_connection_config(str(folder / "metadata.db"))
    local_dag_runner.LocalDagRunner().run(
        pipeline.Pipeline(
            pipeline_name="test",
            pipeline_root=str(folder / "root"),
            components=[*importers.values(), gate],
            metadata_connection_config=connection,
        )
    )


def store(folder):
    connection = metadata.sqlite_metadata_connection_config(str(folder / "metadata.db"))
    return metadata_store.MetadataStore(connection)


def test_good_data_gets_a_report(folder, limits):
    letter = DeadLetter(record_key="k", code="no_face", message="shows no face")
    run(folder, limits, letters=[letter])
    [artifact] = store(folder).get_artifacts_by_type("DataReport")
    assert artifact.properties["passed"].int_value == 1
    assert artifact.properties["dead_letter_ratio"].double_value == 0.25  # one of each stage
    assert artifact.properties["leakage"].int_value == 0
    report = json.loads(pathlib.Path(artifact.uri, keys.REPORT_FILE).read_text())
    assert report["passed"]
    assert len(report["rules"]) == 6


def test_bad_data_stops_the_run_with_every_broken_rule(folder, limits):
    odd = anomalies_pb2.Anomalies()
    odd.anomaly_info["face"].severity = anomalies_pb2.AnomalyInfo.ERROR
    odd.anomaly_info["face"].short_description = "Column dropped"
    odd.dataset_anomaly_info.severity = anomalies_pb2.AnomalyInfo.ERROR
    odd.dataset_anomaly_info.description = "Too few examples"
    write(folder / keys.ANOMALIES, "val", "SchemaDiff.pb", odd)
    videos = folder / keys.MANIFEST / video_record.FILE_NAME
    records = video_record.read(videos)
    video_record.write(videos, [dataclasses.replace(r, target_identity="one") for r in records])
    with pytest.raises(DeepfakeError) as caught:
        run(folder, limits)
    message = str(caught.value)
    assert message.startswith("the data breaks 2 of 6 rules; nothing was trained:")
    assert "val: face: ERROR: Column dropped" in message
    assert "val: data set: ERROR: Too few examples" in message
    assert "identity set/one is in calibration" in message
    assert caught.value.code == "data_gate"
    gate = max(store(folder).get_executions(), key=lambda execution: execution.id)
    assert gate.last_known_state == metadata_store_pb2.Execution.FAILED
