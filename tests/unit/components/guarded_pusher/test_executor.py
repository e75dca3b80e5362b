"""The guard against pushing unblessed models, with TFX's own artifacts, executor and runner."""

import concurrent.futures
import pathlib
import time

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils
from tfx.orchestration.local import local_dag_runner
from tfx.proto import pusher_pb2
from tfx.types import channel_utils, standard_artifacts

from components.guarded_pusher import component, executor, guard, keys, versions


@pytest.fixture
def model(tmp_path):
    artifact = standard_artifacts.Model()
    artifact.uri = str(tmp_path / "model")
    artifact.id = 7
    serving = tmp_path / "model" / "Format-Serving" / "variables"
    serving.mkdir(parents=True)
    (serving.parent / "saved_model.pb").write_text("graph")
    (serving / "variables.index").write_text("values")
    return artifact


def blessing(kind, blessed, model_id=None):
    artifact = kind()
    if blessed is not None:
        artifact.set_int_custom_property("blessed", blessed)
    if model_id is not None:
        artifact.set_int_custom_property("current_model_id", model_id)
    return artifact


MODEL_YES = blessing(standard_artifacts.ModelBlessing, 1, model_id=7)
INFRA_YES = blessing(standard_artifacts.InfraBlessing, 1)


def push(tmp_path, inputs):
    """Runs the executor; gives the PushedModel and the version folders."""
    folder = tmp_path / "serving" / "deepfake"
    destination = pusher_pb2.PushDestination(
        filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(folder))
    )
    pushed = standard_artifacts.PushedModel()
    pushed.uri = str(tmp_path / "pushed")
    executor.Executor().Do(
        inputs,
        {"pushed_model": [pushed]},
        {"push_destination": json_format.MessageToJson(destination), "custom_config": "{}"},
    )
    return pushed, sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_two_blessings_push_the_whole_model_under_a_number(tmp_path, model):
    before = int(time.time())
    pushed, names = push(
        tmp_path,
        {"model": [model], "model_blessing": [MODEL_YES], "infra_blessing": [INFRA_YES]},
    )
    assert pushed.get_int_custom_property(keys.PUSHED) == 1
    assert names == [pushed.get_string_custom_property(keys.PUSHED_VERSION)]
    assert int(names[0]) >= before
    destination = pathlib.Path(pushed.get_string_custom_property(keys.PUSHED_DESTINATION))
    assert destination == tmp_path / "serving" / "deepfake" / names[0]
    for folder in (destination, tmp_path / "pushed"):
        assert (folder / "saved_model.pb").read_text() == "graph"
        assert (folder / "variables" / "variables.index").read_text() == "values"


@pytest.mark.parametrize(
    ("blessings", "reason"),
    [
        ({"infra_blessing": [INFRA_YES]}, "model_blessing: expected one ModelBlessing, got 0"),
        (
            {"model_blessing": [], "infra_blessing": [INFRA_YES]},
            "model_blessing: expected one ModelBlessing, got 0",
        ),
        ({"model_blessing": [MODEL_YES]}, "infra_blessing: expected one InfraBlessing, got 0"),
        (
            {"model_blessing": [MODEL_YES, MODEL_YES], "infra_blessing": [INFRA_YES]},
            "model_blessing: expected one ModelBlessing, got 2",
        ),
        (
            {"model_blessing": [INFRA_YES], "infra_blessing": [INFRA_YES]},
            "model_blessing: expected one ModelBlessing, got one InfraBlessing",
        ),
        (
            {
                "model_blessing": [blessing(standard_artifacts.ModelEvaluation, 1)],
                "infra_blessing": [INFRA_YES],
            },
            "model_blessing: expected one ModelBlessing, got one ModelEvaluation",
        ),
        (
            {
                "model_blessing": [blessing(standard_artifacts.ModelBlessing, 0)],
                "infra_blessing": [INFRA_YES],
            },
            "model_blessing: the ModelBlessing does not say blessed = 1",
        ),
        (
            {
                "model_blessing": [MODEL_YES],
                "infra_blessing": [blessing(standard_artifacts.InfraBlessing, None)],
            },
            "infra_blessing: the InfraBlessing does not say blessed = 1",
        ),
        (
            {
                "model_blessing": [blessing(standard_artifacts.ModelBlessing, 1, model_id=6)],
                "infra_blessing": [INFRA_YES],
            },
            "model_blessing: it judges the model artifact 6, not 7",
        ),
    ],
)
def test_without_both_blessings_nothing_is_pushed_and_the_reason_is_kept(
    tmp_path, model, blessings, reason
):
    pushed, names = push(tmp_path, {"model": [model], **blessings})
    assert names == []
    assert not (tmp_path / "pushed").exists()
    assert pushed.get_int_custom_property(keys.PUSHED) == 0
    assert pushed.get_string_custom_property(keys.REFUSED_BECAUSE) == reason


def test_all_reasons_are_given_at_once(tmp_path, model):
    pushed, _ = push(tmp_path, {"model": [model]})
    reason = pushed.get_string_custom_property(keys.REFUSED_BECAUSE)
    assert reason.count("got 0") == 2


def test_versions_only_grow(tmp_path, model):
    source, folder = model.uri + "/Format-Serving", str(tmp_path / "serving")
    found = [versions.publish(source, folder, now=now) for now in (100.9, 100.9, 50.0, 300.0)]
    assert found == [100, 101, 102, 300]
    assert versions.existing(folder) == found
    (tmp_path / "serving" / "notes").mkdir()
    assert versions.existing(folder) == found


def test_runs_that_push_at_the_same_time_get_versions_of_their_own(tmp_path, model):
    folder = str(tmp_path / "serving")
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        pushes = [threads.submit(versions.publish, model.uri, folder, now=7) for _ in range(8)]
    assert sorted(push.result() for push in pushes) == list(range(7, 15))
    assert versions.existing(folder) == list(range(7, 15))


def test_a_copy_that_fails_leaves_no_trace(tmp_path, model, monkeypatch):
    def interrupted(source, target):
        pathlib.Path(target).mkdir(parents=True)
        raise OSError("disk full")

    monkeypatch.setattr(versions.io_utils, "copy_dir", interrupted)
    with pytest.raises(OSError, match="disk full"):
        versions.publish(model.uri, str(tmp_path / "serving"), now=1)
    assert list((tmp_path / "serving").iterdir()) == []


def test_the_folder_never_shows_a_version_that_is_not_whole(tmp_path, model, monkeypatch):
    """What a polling server would see at the moment of the copy."""
    folder, seen = str(tmp_path / "serving"), []
    copy = versions.io_utils.copy_dir

    def watched(source, target):
        copy(source, target)
        seen.append(versions.existing(folder))

    monkeypatch.setattr(versions.io_utils, "copy_dir", watched)
    versions.publish(model.uri, folder, now=1)
    assert (seen, versions.existing(folder)) == ([[]], [1])


@pytest.fixture
def channels():
    kinds = {
        "model": standard_artifacts.Model,
        "model_blessing": standard_artifacts.ModelBlessing,
        "infra_blessing": standard_artifacts.InfraBlessing,
    }
    return {name: channel_utils.as_channel([kind()]) for name, kind in kinds.items()}


@pytest.mark.parametrize("name", ["model", "model_blessing", "infra_blessing"])
def test_no_channel_is_optional(channels, name):
    with pytest.raises(ValueError, match=f"{name} is required, got None"):
        component.Pusher(**{**channels, name: None}, base_directory="serving/deepfake")


def test_contract_names_types_and_cache_key(channels):
    pusher = component.Pusher(**channels, base_directory="serving/deepfake")
    assert pusher.id == "Pusher"
    assert {k: c.type_name for k, c in pusher.outputs.items()} == {"pushed_model": "PushedModel"}
    assert keys.CODE_FINGERPRINT in pusher.exec_properties["custom_config"]


@pytest.mark.parametrize("blessed", [0, 1])
def test_in_a_real_run_the_blessing_decides(tmp_path, model, blessed):
    def imported(name, kind, **properties):
        return importer.Importer(
            source_uri=str(tmp_path / name), artifact_type=kind, custom_properties=properties
        ).with_id(name)

    nodes = {
        "model": imported("model", standard_artifacts.Model),
        "model_blessing": imported("judged", standard_artifacts.ModelBlessing, blessed=blessed),
        "infra_blessing": imported("served", standard_artifacts.InfraBlessing, blessed=1),
    }
    pusher = component.Pusher(
        **{name: node.outputs["result"] for name, node in nodes.items()},
        base_directory=str(tmp_path / "serving"),
    )
    connection = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))
    local_dag_runner.LocalDagRunner().run(
        pipeline.Pipeline(
            pipeline_name="push",
            pipeline_root=str(tmp_path / "root"),
            components=[*nodes.values(), pusher],
            metadata_connection_config=connection,
        )
    )
    with metadata.Metadata(connection) as handler:
        (pushed,) = handler.store.get_artifacts_by_type("PushedModel")
    assert pushed.custom_properties[keys.PUSHED].int_value == blessed
    assert len(versions.existing(str(tmp_path / "serving"))) == blessed


def on_vertex(judged):
    """Pusher's inputs as TFX's entry point on Vertex AI makes them; `judged` is a model's name."""
    names, number = ("projects/1/artifacts/7", judged), {}
    for name in names:
        given = pipeline_spec_pb2.ArtifactList()
        given.artifacts.add(name=name).type.schema_title = "tfx.Model"
        number[name] = kubeflow_v2_entrypoint_utils.parse_raw_artifact_dict({"model": given})
    blessed = {
        "model_blessing": ("tfx.ModelBlessing", judged),  # TFX writes the name,
        "infra_blessing": ("tfx.InfraBlessing", float(number[judged]["model"][0].id)),  # we the id
    }
    inputs = dict(number[names[0]])
    for key, (title, current_model_id) in blessed.items():
        given = pipeline_spec_pb2.ArtifactList()
        artifact = given.artifacts.add(name=f"projects/1/artifacts/{key}")
        artifact.type.schema_title = title
        artifact.metadata.update({"blessed": 1.0, "current_model_id": current_model_id})
        inputs |= kubeflow_v2_entrypoint_utils.parse_raw_artifact_dict({key: given})
    return inputs


def test_blessings_of_this_model_are_known_on_vertex_too():
    assert guard.refusals(on_vertex("projects/1/artifacts/7")) == []


def test_blessings_of_another_model_are_refused_on_vertex_too():
    refusals = guard.refusals(on_vertex("projects/1/artifacts/8"))
    assert [reason.partition(":")[0] for reason in refusals] == ["model_blessing", "infra_blessing"]
