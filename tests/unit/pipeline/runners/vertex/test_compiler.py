"""The Vertex AI job: read back with kfp's own messages and Google's own client."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml
from coded import raises_code
from google.auth import credentials
from google.cloud import aiplatform
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils

from components import artifact_types, fingerprint
from components.video_validator import fingerprint as input_fingerprint
from pipeline import graph
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.runners.vertex import compiler, entry_point
from schemas import features, names

ROOT = pathlib.Path(__file__).parents[5]
SETTINGS = {
    "data.manifest": "/gcs/my-bucket/data/manifest.csv",
    "vertex.project": "my-project",
    "vertex.region": "europe-west4",
    "vertex.pipeline_root": "gs://my-bucket/deepfake/",
    "vertex.image": "registry.example/pipeline:1",
    "vertex.trainer_image": "registry.example/pipeline-gpu:1",
    "vertex.gpu_count": 2,
}
RESOLVERS = ("LatestBlessedModel-model-blessing-resolver", "LatestBlessedModel-model-resolver")
CONTAINERS = tuple(node for node in names.NODES if node != names.LATEST_BLESSED_MODEL)


def config_of(**changes):
    settings = SETTINGS | {key.replace("__", "."): value for key, value in changes.items()}
    return load.with_overrides(PipelineConfig(), settings)


def fill(folder, videos="."):
    """Writes a manifest of two videos; fingerprints take any bytes."""
    (folder / videos).mkdir(parents=True, exist_ok=True)
    for name in ("a", "b"):
        (folder / videos / f"{name}.mp4").write_text(name)
    manifest = folder / "manifest.csv"
    manifest.write_text("video_id,path,label\na,a.mp4,real\nb,b.mp4,fake\n")
    return manifest


@dataclasses.dataclass(frozen=True)
class Spec:
    """A job file, parsed without tolerance."""

    text: str

    @property
    def job(self):
        return json_format.Parse(self.text, pipeline_spec_pb2.PipelineJob())

    @property
    def pipeline(self):
        return json_format.ParseDict(
            json_format.MessageToDict(self.job.pipeline_spec), pipeline_spec_pb2.PipelineSpec()
        )

    @property
    def executors(self):
        found = json_format.ParseDict(
            json_format.MessageToDict(self.pipeline.deployment_spec),
            pipeline_spec_pb2.PipelineDeploymentConfig(),
        ).executors
        return {label.removesuffix("_executor"): found[label] for label in found}

    @property
    def tasks(self):
        return self.pipeline.root.dag.tasks

    def parameter(self, task, name):
        return self.tasks[task].inputs.parameters[name].runtime_value.constant.string_value


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def written(manifest, tmp_path_factory):
    path = tmp_path_factory.mktemp("job") / "job.json"
    compiler.write_spec(config_of(), path, manifest_copy=manifest)
    return path


@pytest.fixture(scope="module")
def spec(written):
    return Spec(written.read_text())


def test_every_node_is_a_task_and_the_resolver_is_two(spec):
    assert set(spec.tasks) == {*CONTAINERS, *RESOLVERS}
    assert set(spec.executors) == set(spec.tasks) == set(spec.pipeline.components)
    assert {task: spec.tasks[task].component_ref.name for task in spec.tasks} == {
        task: task for task in spec.tasks
    }


def test_the_job_knows_its_root_and_schema(spec):
    assert spec.job.runtime_config.gcs_output_directory == "gs://my-bucket/deepfake/artifacts"
    assert spec.pipeline.pipeline_info.name == "deepfake"
    assert spec.pipeline.schema_version == "2.1.0"


def test_every_node_has_an_image_a_command_and_resources(spec):
    for node in CONTAINERS:
        container = spec.executors[node].container
        assert list(container.command) == ["python", "-m", "pipeline.runners.vertex.entry_point"]
        assert (
            container.image
            == SETTINGS["vertex.trainer_image" if node == "Trainer" else "vertex.image"]
        )
        wanted = (8.0, 32.0) if node == "Trainer" else (4.0, 16.0)
        assert (container.resources.cpu_limit, container.resources.memory_limit) == wanted


def test_trainer_alone_has_accelerators(spec):
    found = {
        node: (accelerator.type, accelerator.count)
        for node in CONTAINERS
        if (accelerator := spec.executors[node].container.resources.accelerator).ByteSize()
    }
    assert found == {"Trainer": ("NVIDIA_TESLA_T4", 2)}


def test_executors_are_those_of_the_graph_but_for_the_schema(spec, manifest):
    classes = {node: list(spec.executors[node].container.args)[1] for node in CONTAINERS}
    assert (
        classes.pop("ImportSchemaGen") == "pipeline.runners.vertex.entry_point.ImportSchemaExecutor"
    )
    made = graph.create_pipeline(config_of(data__manifest=str(manifest)))
    assert classes == {
        node.id: f"{cls.__module__}.{cls.__name__}"
        for node in made.components
        if node.id in classes
        for cls in (node.executor_spec.executor_class,)
    }


def test_beam_nodes_alone_get_beam_arguments(spec):
    engine = "--direct_running_mode=in_memory"
    found = {node for node in CONTAINERS if engine in spec.executors[node].container.args}
    beam_nodes = {"VideoValidator", "FrameExtractor", "StatisticsGen", "Transform", "Evaluator"}
    assert found == beam_nodes


def test_artifacts_flow_as_in_the_graph(spec, manifest):
    made = graph.create_pipeline(config_of(data__manifest=str(manifest)))
    wanted = {
        (channel.producer_component_id, channel.output_key, node.id, name)
        for node in made.components
        if node.id != names.LATEST_BLESSED_MODEL
        for name, channel in node.inputs.items()
    }
    baseline = (names.LATEST_BLESSED_MODEL, "model", "Evaluator", "baseline_model")
    assert baseline in wanted
    native = {
        (RESOLVERS[1], *baseline[1:]),
        (RESOLVERS[0], "model_blessing", RESOLVERS[1], "input"),
    }
    found = {
        (source.producer_task, source.output_artifact_key, task, name)
        for task in spec.tasks
        for name, given in spec.tasks[task].inputs.artifacts.items()
        for source in (given.task_output_artifact,)
    }
    assert found == wanted - {baseline} | native


def test_training_waits_for_the_gate(spec):
    assert "DataGate" in spec.tasks["Transform"].dependent_tasks


def test_the_baseline_is_the_latest_blessed_model_of_vertex_itself(spec):
    blessing, model = (spec.executors[name].resolver for name in RESOLVERS)
    asked = blessing.output_artifact_queries["model_blessing"].filter
    assert "tfx.ModelBlessing" in asked
    assert "metadata.blessed.number_value=1" in asked
    assert "current_model_id" in model.output_artifact_queries["model"].filter


def test_the_input_fingerprint_is_what_the_driver_would_compute(spec, manifest):
    found = spec.parameter("VideoValidator", "input_fingerprint")
    assert found == input_fingerprint.of(str(manifest), "")
    assert len(found) == 64
    assert spec.parameter("VideoValidator", "manifest_path") == "/gcs/my-bucket/data/manifest.csv"
    assert spec.parameter("VideoValidator", "videos_root") == "/gcs/my-bucket/data"


def test_everything_is_written_to_the_bucket(spec):
    push = json.loads(spec.parameter("Pusher", "push_destination"))
    served = "gs://my-bucket/deepfake/serving/deepfake"
    assert push["filesystem"]["base_directory"] == served
    work = json.loads(spec.parameter("Trainer", "custom_config"))["work_dir"]
    assert work == "gs://my-bucket/deepfake/work"


def test_no_path_of_this_machine_is_in_the_job(spec, manifest):
    for folder in (ROOT, pathlib.Path.cwd(), sys.prefix, manifest.parent):
        assert f"{folder}/" not in spec.text


def test_the_schema_is_keyed_by_its_content_and_named_within_the_package(spec):
    assert spec.parameter("ImportSchemaGen", "schema_file") == "schemas/track_example.pbtxt"
    assert spec.parameter("ImportSchemaGen", "code_fingerprint") == fingerprint.of("schemas")


def test_equal_input_gives_equal_bytes_and_a_changed_video_does_not(written, manifest, tmp_path):
    copy = fill(tmp_path / "elsewhere")
    compiler.write_spec(config_of(), tmp_path / "again.json", manifest_copy=copy)
    assert (tmp_path / "again.json").read_bytes() == written.read_bytes()
    (copy.parent / "a.mp4").write_text("other")
    compiler.write_spec(config_of(), tmp_path / "again.json", manifest_copy=copy)
    assert (tmp_path / "again.json").read_bytes() != written.read_bytes()


def test_without_gpu_image_and_cache_nothing_of_them_is_written(manifest, tmp_path):
    plain = config_of(vertex__gpu_count=0, vertex__trainer_image="", cache=False)
    compiler.write_spec(plain, tmp_path / "job.json", manifest_copy=manifest)
    spec = Spec((tmp_path / "job.json").read_text())
    trainer = spec.executors["Trainer"].container
    assert trainer.image == SETTINGS["vertex.image"]
    assert not trainer.resources.HasField("accelerator")
    assert not any(task.caching_options.enable_cache for task in spec.tasks.values())


def test_caching_is_on_as_configured(spec):
    assert all(spec.tasks[node].caching_options.enable_cache for node in CONTAINERS)


def test_google_s_own_client_takes_the_file(written):
    job = aiplatform.PipelineJob(
        display_name="test",
        template_path=str(written),
        project=SETTINGS["vertex.project"],
        location=SETTINGS["vertex.region"],
        credentials=credentials.AnonymousCredentials(),
    )
    config = job.to_dict()["runtimeConfig"]
    assert config["gcsOutputDirectory"] == "gs://my-bucket/deepfake/artifacts"


def test_a_videos_root_is_looked_for_at_the_same_place_beside_the_copy(tmp_path):
    copy = fill(tmp_path / "data", videos="../videos")
    config = config_of(data__videos_root="/gcs/my-bucket/videos")
    compiler.write_spec(config, tmp_path / "job.json", manifest_copy=copy)
    spec = Spec((tmp_path / "job.json").read_text())
    found = spec.parameter("VideoValidator", "input_fingerprint")
    assert found == input_fingerprint.of(str(copy), str(tmp_path / "videos"))
    assert spec.parameter("VideoValidator", "videos_root") == "/gcs/my-bucket/videos"


def test_what_is_missing_is_named_all_at_once(tmp_path):
    config = PipelineConfig()
    with raises_code("vertex_incomplete") as caught:
        compiler.write_spec(config, tmp_path / "job.json")
    assert caught.value.code == "vertex_incomplete"
    for key in ("project", "region", "pipeline_root", "image"):
        assert f"vertex.{key}" in str(caught.value)
    assert "data.manifest" in str(caught.value)
    given = config_of(vertex__region="")
    with raises_code("vertex_incomplete", match=r"needs vertex\.region; set"):
        compiler.write_spec(given, tmp_path / "job.json")


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("data.manifest", "data/manifest.csv", "/gcs/<bucket>/"),
        ("data.manifest", "gs://my-bucket/manifest.csv", "/gcs/<bucket>/"),
        ("data.videos_root", "/laptop/videos", "/gcs/<bucket>/"),
        ("push.base_directory", "/srv/models", "gs://<bucket>/"),
    ],
)
def test_a_path_that_nodes_do_not_see_is_refused(key, value, wanted, tmp_path, manifest):
    config = load.with_overrides(config_of(), {key: value})
    with raises_code("vertex_path", match=key) as caught:
        compiler.write_spec(config, tmp_path / "job.json", manifest_copy=manifest)
    assert repr(value) in str(caught.value)
    assert wanted in str(caught.value)
    assert not (tmp_path / "job.json").exists()


def test_a_manifest_that_is_not_at_hand_is_refused(tmp_path):
    with raises_code("vertex_input", match=r"/gcs/my-bucket/data/manifest\.csv"):
        compiler.write_spec(config_of(), tmp_path / "job.json")


def test_a_copy_without_a_video_is_refused_as_its_fingerprint_would_lie(tmp_path):
    copy = fill(tmp_path)
    (tmp_path / "b.mp4").unlink()
    with raises_code("vertex_input", match=r"1 of the videos of .*b\.mp4"):
        compiler.write_spec(config_of(), tmp_path / "job.json", manifest_copy=copy)


def test_the_shipped_configuration_says_what_to_fill_in(tmp_path):
    shipped = load.load("vertex")
    assert shipped.name == "deepfake-vertex"
    with raises_code("vertex_incomplete"):
        compiler.write_spec(shipped, tmp_path / "job.json")


def test_custom_types_get_titles_that_the_entry_point_finds_the_classes_by(spec):
    entry_point.register_types()
    titles = {}
    for component in spec.pipeline.components.values():
        for name, artifact in component.output_definitions.artifacts.items():
            schema = artifact.artifact_type.instance_schema
            titles[name, yaml.safe_load(schema)["title"]] = schema
    ours = {title: schema for (_, title), schema in titles.items() if "tfx." not in title}
    assert set(ours) == {entry_point.title(kind) for kind in entry_point.ARTIFACT_TYPES}
    for schema in ours.values():
        [found] = parsed(schema, {"num_videos": 3.0, "num_letters": 3.0, "passed": 3.0})
        assert type(found) in entry_point.ARTIFACT_TYPES


def parsed(schema, metadata):
    """An artifact as TFX's entry point makes it of what Vertex AI hands over."""
    given = pipeline_spec_pb2.ArtifactList()
    artifact = given.artifacts.add(name="projects/1/artifacts/2", uri="gs://my-bucket/x")
    artifact.type.instance_schema = schema
    artifact.metadata.update(metadata)
    return kubeflow_v2_entrypoint_utils.parse_raw_artifact_dict({"x": given})["x"]


def test_declared_properties_come_back_typed():
    entry_point.register_types()
    schema = f"title: {entry_point.title(artifact_types.DeadLetters)}\ntype: object\n"
    [letters] = parsed(schema, {"num_letters": 2.0, "num_inputs": 9.0, "code/no_face": 2.0})
    assert isinstance(letters, artifact_types.DeadLetters)
    assert (letters.num_letters, letters.num_inputs) == (2, 9)
    assert letters.get_int_custom_property("code/no_face") == 2


def test_a_node_s_own_command_line_runs_and_finds_the_schema_of_its_installation(spec, tmp_path):
    handed_over = pipeline_spec_pb2.ExecutorInput()
    given = spec.tasks["ImportSchemaGen"].inputs.parameters
    for name, value in given.items():
        handed_over.inputs.parameter_values[name].CopyFrom(value.runtime_value.constant)
    wanted = spec.pipeline.components["ImportSchemaGen"].output_definitions.artifacts["schema"]
    made = handed_over.outputs.artifacts["schema"].artifacts.add(name="projects/1/artifacts/2")
    made.type.CopyFrom(wanted.artifact_type)
    made.uri = str(tmp_path / "schema")
    handed_over.outputs.output_file = str(tmp_path / "task" / "executor_output.json")
    container = spec.executors["ImportSchemaGen"].container
    _, *command = [*container.command, *container.args]
    command = [part.replace("{{$}}", json_format.MessageToJson(handed_over)) for part in command]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = (tmp_path / "schema" / "schema.pbtxt").read_text()
    assert found == features.TRACK_EXAMPLE_SCHEMA.read_text()
    output = json.loads((tmp_path / "task" / "executor_output.json").read_text())
    assert output["artifacts"]["schema"]["artifacts"][0]["uri"] == str(tmp_path / "schema")
