"""The compiled package, read back strictly: by kfp's loader and into Kubeflow's own messages."""

import dataclasses
import json
import pathlib
import subprocess
import sys
from concurrent import futures
from types import SimpleNamespace

import pytest
import yaml
from coded import raises_code
from google.protobuf import json_format
from kfp import compiler as kfp_compiler
from kfp import components, dsl
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.cli import node
from pipeline.config import load
from pipeline.config.clusters import KubeflowConfig, VertexConfig
from pipeline.dashboards import visualisations
from pipeline.runners import bundle, ir
from pipeline.runners.kubeflow import compiler, container_steps, package_file
from schemas.errors import ConfigError, RunnerError
from schemas.names import NODES, PREPARE, REPORT

STEPS = (PREPARE, *NODES, REPORT)
PASSWORD = "hunter2-never-in-a-file"
RUN_ID = "{{$.inputs.parameters['run_id']}}"
RUN_NAME = "{{$.inputs.parameters['run_name']}}"
PAGE = "{{{{$.outputs.artifacts['{}'].path}}}}"
SHOWN = {
    "ExampleValidator": ("--page", PAGE.format("data_page")),
    "DataGate": ("--page", PAGE.format("data_page")),
    "Trainer": ("--page", PAGE.format("training_page"), "--executor-input", "{{$}}"),
    "Evaluator": ("--page", PAGE.format("evaluation_page"), "--executor-input", "{{$}}"),
    REPORT: ("--page", PAGE.format("run_page")),
}


def configured(**overrides):
    """The shipped configuration with values by dotted key, `__` for the dot."""
    values = {key.replace("__", "."): value for key, value in overrides.items()}
    return load.with_overrides(load.load("kubeflow"), values)


def read(path, package):
    """Both documents of a package; a field that Kubeflow does not know raises."""
    text = path.read_text()
    own, platform = yaml.safe_load_all(text)
    spec = json_format.ParseDict(own, pipeline_spec_pb2.PipelineSpec())
    deployment = json_format.ParseDict(
        json_format.MessageToDict(spec.deployment_spec),
        pipeline_spec_pb2.PipelineDeploymentConfig(),
    )
    kubernetes = json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    configs = kubernetes.platforms["kubernetes"].deployment_spec.executors
    [group] = [task for task in spec.root.dag.tasks.values() if task.task_info.name == "pipeline"]
    inner = spec.components[group.component_ref.name].dag.tasks
    tasks = {task.task_info.name: task for task in (*inner.values(), spec.root.dag.tasks["report"])}
    labels = {
        name: spec.components[task.component_ref.name].executor_label
        for name, task in tasks.items()
    }
    return SimpleNamespace(
        package=package,
        text=text,
        spec=spec,
        tasks=tasks,
        names={key: task.task_info.name for key, task in inner.items()},
        containers={name: deployment.executors[label].container for name, label in labels.items()},
        pods={
            name: json_format.ParseDict(
                json_format.MessageToDict(configs[label]),
                kubernetes_executor_config_pb2.KubernetesExecutorConfig(),
            )
            for name, label in labels.items()
        },
    )


def write(config, path, **options):
    """Compiles in a thread: at each call kfp looks at every frame of the stack; pytest has many."""
    with futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(compiler.write_package, config, path, visualisations, **options).result()


@pytest.fixture
def compiled(tmp_path):
    def compiled(config, **options):
        path = tmp_path / "made.yaml"
        return read(path, write(config, path, **options))

    return compiled


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "shipped.yaml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPFAKE_METADATA_PASSWORD", PASSWORD)
        return read(path, write(configured(), path))


def options(step, flag, num_values=1):
    """What follows `flag`, each time."""
    args = list(step.args)
    starts = [index + 1 for index, text in enumerate(args) if text == flag]
    return [args[start : start + num_values] for start in starts]


def option(step, flag):
    [[value]] = options(step, flag)
    return value


def as_dict(message):
    return json_format.MessageToDict(message)


def test_the_steps_are_the_nodes_with_one_before_and_one_after(shipped):
    assert set(shipped.tasks) == set(STEPS)
    assert shipped.names["import-schema-gen"] == "ImportSchemaGen"
    assert shipped.package.name == shipped.spec.pipeline_info.name == "deepfake-kubeflow"


def test_every_step_waits_for_its_upstream_nodes_and_for_nothing_else(shipped):
    waited_for = {
        name: {shipped.names[key] for key in task.dependent_tasks}
        for name, task in shipped.tasks.items()
        if name != REPORT
    }
    upstream = ir.upstream(bundle.build(configured()).ir())
    expected = {name: set(before) or {PREPARE} for name, before in upstream.items()}
    assert waited_for == {**expected, PREPARE: set()}
    alone = {name for name, before in waited_for.items() if before == {PREPARE}}
    assert alone == {"VideoValidator", "ImportSchemaGen", "LatestBlessedModel"}


def test_the_report_comes_last_whatever_happened(shipped):
    report = shipped.tasks[REPORT]
    assert list(report.dependent_tasks) == ["exit-handler-1"]
    policy = pipeline_spec_pb2.PipelineTaskSpec.TriggerPolicy
    assert report.trigger_policy.strategy == policy.ALL_UPSTREAM_TASKS_COMPLETED


def test_kubeflow_itself_caches_nothing(shipped):
    assert not any(task.caching_options.enable_cache for task in shipped.tasks.values())


def test_kfp_loads_the_file_with_its_platform_part(shipped, tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(shipped.text)
    loaded = components.load_component_from_file(str(path))
    assert loaded.pipeline_spec == shipped.spec
    assert set(loaded.platform_spec.platforms) == {"kubernetes"}
    assert "sdkVersion: kfp-" in shipped.text


def test_every_command_line_is_one_that_the_step_understands(shipped):
    for step in shipped.containers.values():
        assert list(step.command) == ["python", "-m", "pipeline.cli.node"]
        # The parser ends the process over what it does not know; a placeholder comes after it.
        assert node.main(list(step.args)) == node.BAD_CALL


def test_nodes_get_folder_digest_the_run_and_where_to_show_something(shipped):
    run = ["--run-id", RUN_ID, "--run-name", RUN_NAME]
    digest = ["--digest", shipped.package.digest]
    for name in NODES:
        assert shipped.containers[name].args == [
            *("run", "--output", "/deepfake/runs", *digest, "--node", name),
            *run,
            *SHOWN.get(name, ()),
        ]
    expected = ["report", "--output", "/deepfake/runs", *run, *SHOWN[REPORT]]
    assert shipped.containers[REPORT].args == expected


def test_steps_say_which_artifacts_they_make_for_kubeflows_own_pages(shipped):
    made = {}
    for name, task in shipped.tasks.items():
        component = shipped.spec.components[task.component_ref.name]
        artifacts = component.output_definitions.artifacts
        made[name] = {key: spec.artifact_type.schema_title for key, spec in artifacts.items()}
        assert not component.output_definitions.parameters
    assert {name: outputs for name, outputs in made.items() if outputs} == {
        "ExampleValidator": {"data_page": "system.HTML"},
        "DataGate": {"data_page": "system.HTML"},
        "Trainer": {"training_page": "system.HTML", "training_metrics": "system.Metrics"},
        "Evaluator": {
            "evaluation_page": "system.HTML",
            "test_metrics": "system.Metrics",
            "test_videos": "system.ClassificationMetrics",
        },
        REPORT: {"run_page": "system.HTML"},
    }


def test_no_step_takes_an_artifact_of_another(shipped):
    assert not any(task.inputs.artifacts for task in shipped.tasks.values())


def test_the_run_id_is_the_whole_value_of_an_input_for_kubeflow_replaces_it_only_there(shipped):
    for task in shipped.tasks.values():
        assert task.inputs.parameters["run_id"].runtime_value.constant.string_value == (
            dsl.PIPELINE_JOB_ID_PLACEHOLDER
        )
    texts = [text for step in shipped.containers.values() for text in step.args]
    assert not any("pipeline_job" in text for text in texts)


def test_only_the_first_step_carries_the_bundle(shipped):
    def parts(step):
        return [text for text in step.args if text.startswith(bundle.PREFIX)]

    arrived = bundle.from_arguments(
        parts(shipped.containers[PREPARE]), digest=option(shipped.containers[PREPARE], "--digest")
    )
    cluster_free = {"kubeflow": KubeflowConfig(), "vertex": VertexConfig()}
    assert arrived.config == dataclasses.replace(configured(), **cluster_free)
    assert not any(parts(step) for name, step in shipped.containers.items() if name != PREPARE)


def test_a_large_bundle_comes_in_several_arguments(compiled):
    notice = "".join(f"{number * 2654435761:x}" for number in range(30_000))
    step = compiled(configured(data__notice=notice)).containers[PREPARE]
    parts = [part for [part] in options(step, "--bundle")]
    assert len(parts) > 1
    arrived = bundle.from_arguments(parts, digest=option(step, "--digest"))
    assert arrived.config.data.notice == notice


def test_parameters_have_the_type_and_the_default_of_their_key(shipped, compiled):
    keys = ["data.manifest", "training.epochs", "evaluation.min_auc"]
    made = compiled(configured(kubeflow__parameters=keys, evaluation__min_auc=1))
    assert as_dict(made.spec.root.input_definitions)["parameters"] == {
        "data_manifest": {
            "parameterType": "STRING",
            "defaultValue": "/deepfake/data/manifest.csv",
            "isOptional": True,
        },
        "training_epochs": {
            "parameterType": "NUMBER_INTEGER",
            "defaultValue": 15.0,
            "isOptional": True,
        },
        "evaluation_min_auc": {
            "parameterType": "NUMBER_DOUBLE",
            "defaultValue": 1.0,
            "isOptional": True,
        },
        "run_name": {"parameterType": "STRING", "defaultValue": "", "isOptional": True},
    }
    assert list(shipped.package.parameters) == list(KubeflowConfig().parameters)


def test_parameters_reach_the_first_step_by_their_key(shipped):
    step = shipped.containers[PREPARE]
    given = dict(options(step, "--set", num_values=2))
    assert given == {
        key: f"{{{{$.inputs.parameters['{name}']}}}}"
        for key, name in shipped.package.parameters.items()
    }
    task = shipped.tasks[PREPARE]
    for name in (*shipped.package.parameters.values(), "run_name"):
        assert task.inputs.parameters[name].component_input_parameter == f"pipelinechannel--{name}"


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        ("clip.num_frames", ConfigError, "compiled into the graph"),
        ("training.epoch", ConfigError, "did you mean epochs"),
        ("evaluation.slices", RunnerError, "evaluation.slices is no single value"),
        ("training", RunnerError, "training is no single value"),
    ],
)
def test_a_key_that_a_run_cannot_set_is_refused(compiled, key, error, message):
    with pytest.raises(error, match=message):
        compiled(configured(kubeflow__parameters=[key]))


def test_a_gpu_goes_to_the_step_that_asks_and_to_no_other(compiled):
    made = compiled(configured(kubeflow__nodes__Trainer={"gpu_count": 2}))
    accelerator = made.containers["Trainer"].resources.accelerator
    assert (accelerator.resource_type, accelerator.resource_count) == ("nvidia.com/gpu", "2")
    [toleration] = made.pods["Trainer"].tolerations
    assert as_dict(toleration) == {
        "key": "nvidia.com/gpu",
        "operator": "Exists",
        "effect": "NoSchedule",
    }
    for name in set(STEPS) - {"Trainer"}:
        assert not made.containers[name].resources.HasField("accelerator")
        assert not made.pods[name].tolerations


def test_each_step_gets_what_its_configuration_says_and_the_default_else(compiled):
    toleration = {"key": "video", "operator": "Equal", "value": "yes", "effect": "NoExecute"}
    extractor = {
        "image": "registry.example/extract:1",
        "cpu": "1500m",
        "cpu_limit": "4",
        "memory": "12Gi",
        "node_selector": {"pool": "video"},
        "tolerations": [toleration],
        "retries": 5,
        "backoff_seconds": 10,
        "timeout_seconds": 7200,
        "environment": {"OMP_NUM_THREADS": "4"},
    }
    made = compiled(
        configured(
            kubeflow__default={"image": "registry.example/cpu:1", "memory": "5Gi", "retries": 0},
            kubeflow__environment={"OMP_NUM_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"},
            kubeflow__nodes__FrameExtractor=extractor,
            kubeflow__nodes__report={"timeout_seconds": 0},
        )
    )
    container, pod = made.containers["FrameExtractor"], made.pods["FrameExtractor"]
    assert container.image == "registry.example/extract:1"
    assert container.resources.resource_cpu_request == "1500m"
    assert container.resources.resource_cpu_limit == "4"
    assert container.resources.resource_memory_request == "12Gi"
    assert container.resources.resource_memory_limit == "12Gi"
    assert {variable.name: variable.value for variable in container.env} == {
        "OMP_NUM_THREADS": "4",
        "TF_NUM_INTEROP_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    assert dict(pod.node_selector.labels) == {"pool": "video"}
    assert as_dict(pod.tolerations[0]) == toleration
    assert pod.active_deadline_seconds == 7200
    assert as_dict(made.tasks["FrameExtractor"].retry_policy) == {
        "maxRetryCount": 5,
        "backoffDuration": "10s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": f"{6 * 7200 + 10 * (1 + 2 + 4 + 8 + 16)}s",  # all attempts, all waits
    }
    other = made.containers["StatisticsGen"]
    assert (other.image, other.resources.resource_memory_limit) == ("registry.example/cpu:1", "5Gi")
    assert other.resources.resource_cpu_limit == ""
    assert {variable.name: variable.value for variable in other.env}["OMP_NUM_THREADS"] == "1"
    assert not made.tasks["StatisticsGen"].HasField("retry_policy")
    assert made.pods["StatisticsGen"].active_deadline_seconds == 6 * 3600
    assert not made.pods["StatisticsGen"].node_selector.labels
    assert made.pods[REPORT].active_deadline_seconds == 0


def test_every_pod_gets_volume_secrets_and_labels(compiled):
    made = compiled(
        configured(
            kubeflow__volume="team-volume",
            kubeflow__image_pull_secrets=["registry-account"],
            kubeflow__labels={"team": "forensics", "app.kubernetes.io/part-of": "other"},
            kubeflow__secrets=[{"secret": "proxy", "key": "url", "variable": "HTTPS_PROXY"}],
            metadata__secret="team-metadata",
        )
    )
    for name in STEPS:
        pod = made.pods[name]
        [mount] = pod.pvc_mount
        assert mount.pvc_name_parameter.runtime_value.constant.string_value == "team-volume"
        assert mount.mount_path == "/deepfake"
        [pull] = pod.image_pull_secret
        assert pull.secret_name == "registry-account"
        assert dict(pod.pod_metadata.labels) == {"team": "forensics", **container_steps.LABELS}
        secrets = {
            (secret.secret_name, entry.secret_key): entry.env_var
            for secret in pod.secret_as_env
            for entry in secret.key_to_env
        }
        assert secrets == {
            ("team-metadata", "username"): "DEEPFAKE_METADATA_USERNAME",
            ("team-metadata", "password"): "DEEPFAKE_METADATA_PASSWORD",
            ("proxy", "url"): "HTTPS_PROXY",
        }


def test_steps_on_this_machine_need_no_server_and_no_cluster_volume(compiled, tmp_path):
    config = configured(
        metadata={"backend": "sqlite"},
        output=str(tmp_path / "runs"),
        data__manifest="videos.csv",
        kubeflow__mount_path=str(tmp_path / "runs"),
    )
    made = compiled(config, on_cluster=False)
    assert not any(pod.secret_as_env for pod in made.pods.values())
    assert option(made.containers["Pusher"], "--output") == str(tmp_path / "runs")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"memory": "1.5Gi"}, r"step Trainer: Invalid memory string.* See kubeflow.nodes.Trainer"),
        ({"cpu": "2Ki"}, "step Trainer: Invalid cpu string"),
    ],
)
def test_what_kubeflow_does_not_take_is_refused_and_the_next_compile_works(compiled, step, message):
    with raises_code("step_refused", match=message):
        compiled(configured(kubeflow__nodes__Trainer=step))
    assert set(compiled(configured()).tasks) == set(STEPS)


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        ({"output": "runs"}, RunnerError, "output must lie below /deepfake"),
        ({"output": "/deepfake"}, RunnerError, "got '/deepfake'"),
        ({"output": "/deepfake/../x"}, RunnerError, "output must lie"),
        ({"output": "/deepfakes/x"}, RunnerError, "output must lie"),
        ({"data__manifest": ""}, RunnerError, "data.manifest must.* got ''"),
        ({"data__videos_root": "/v"}, RunnerError, "data.videos_root must"),
        ({"push__base_directory": "/m"}, RunnerError, "push.base_directory"),
        ({"kubeflow__mount_path": "/mnt"}, RunnerError, "lie below /mnt"),
        (
            {"metadata": {"backend": "sqlite"}},
            RunnerError,
            "metadata.backend is sqlite.* set metadata.backend to mysql",
        ),
    ],
)
def test_what_cannot_work_on_a_cluster_is_refused_before_anything_is_written(
    tmp_path, overrides, error, message
):
    path = tmp_path / "refused.yaml"
    with pytest.raises(error, match=message):
        compiler.write_package(configured(**overrides), path, visualisations)
    assert not path.exists()


def test_a_volume_mounted_with_a_slash_at_its_end_is_accepted_as_the_same():
    package_file.check_cluster(configured(kubeflow__mount_path="/deepfake/"))


def test_compiling_twice_gives_the_same_bytes(shipped, compiled):
    assert compiled(configured()).text == shipped.text
    assert compiled(configured(training__epochs=3)).package.digest != shipped.package.digest


def test_no_password_and_no_path_of_this_machine_is_in_the_file(shipped):
    assert PASSWORD not in shipped.text
    checkout = pathlib.Path(__file__).parents[5]
    assert str(checkout) not in shipped.text
    assert str(pathlib.Path.home()) not in shipped.text


def test_a_package_read_from_its_file_says_the_same(shipped, tmp_path):
    path = tmp_path / "sent.yaml"
    path.write_text(shipped.text)
    assert compiler.read_package(path) == shipped.package
    assert len(shipped.package.digest) == 64


def other_pipeline(path):
    @dsl.container_component
    def prepare():
        return dsl.ContainerSpec(image="busybox", command=["true"], args=["now"])

    @dsl.pipeline(name="other")
    def other():
        prepare()

    kfp_compiler.Compiler().compile(other, str(path))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "cannot read .*: No such file"),
        (lambda path: path.write_text("{"), "is no YAML; write one with `deepfake compile"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "is no YAML"),
        (lambda path: path.write_text(""), "is no YAML"),
        (lambda path: path.write_text("name: deepfake"), "has no step `prepare` of ours"),
        (lambda path: path.write_text(json.dumps(["a"])), "has no step `prepare` of ours"),
        (other_pipeline, "has no step `prepare` of ours"),
    ],
)
def test_a_file_that_is_no_package_of_ours_is_refused(tmp_path, write, message):
    path = tmp_path / "other.yaml"
    write(path)
    with raises_code("not_a_package", match=message) as caught:
        compiler.read_package(path)
    assert isinstance(caught.value, RunnerError)


def test_reading_a_package_imports_neither_tfx_nor_kfp():
    script = (
        "import sys; from pipeline.runners.kubeflow import package_file;"
        "sys.exit(', '.join(sorted({'tfx', 'tensorflow', 'kfp'} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
