"""Packages of kfp's own compiler, read into steps; what is not understood is refused."""

import pathlib

import pytest
import yaml
from coded import raises_code
from kfp import compiler, dsl, kubernetes

from pipeline.runners import emulation


@dsl.container_component
def tell(run_id: str, manifest: str, epochs: int, auc: float, fast: bool):
    return dsl.ContainerSpec(
        image="image",
        command=["python", "-m", "tell", "--run", run_id],
        args=["--set", "manifest", manifest, "--set", epochs, auc, fast, f"path={manifest}"],
    )


@dsl.container_component
def work():
    return dsl.ContainerSpec(image="image", command=["true"])


@dsl.container_component
def close():
    return dsl.ContainerSpec(image="image", command=["true"])


@pytest.fixture
def compiled(tmp_path):
    """Compiles the body of a pipeline; returns the file."""

    def compiled(body, **parameters):
        path = tmp_path / "package.yaml"
        compiler.Compiler().compile(dsl.pipeline(body, name="tested"), str(path))
        return path

    return compiled


def uncached(task):
    return task.set_caching_options(False)


@pytest.fixture
def package(compiled):
    def body(manifest: str = "/videos.csv", epochs: int = 3, auc: float = 0.00001):
        with dsl.ExitHandler(uncached(close()).set_display_name("report")):
            first = uncached(
                tell(
                    run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
                    manifest=manifest,
                    epochs=epochs,
                    auc=auc,
                    fast=True,
                )
            ).set_display_name("prepare")
            left = uncached(work()).set_display_name("Left").after(first)
            right = uncached(work()).set_display_name("Right").after(first)
            last = uncached(work()).set_display_name("Last").after(left, right)
            last.set_retry(
                2, backoff_duration="30s", backoff_factor=3.0, backoff_max_duration="600s"
            )
            last.set_env_variable("MODE", "test").set_cpu_limit("2").set_accelerator_limit(1)
            kubernetes.set_timeout(last, 60)
            kubernetes.use_secret_as_env(last, "account", {"password": "PASSWORD"})
            kubernetes.mount_pvc(last, "volume", "/mounted")
            kubernetes.add_toleration(last, key="gpu", operator="Exists")
            kubernetes.add_node_selector(last, "pool", "gpu")
            kubernetes.add_pod_label(last, "part-of", "deepfake")
            kubernetes.set_image_pull_secrets(last, ["registry"])

    return compiled(body)


def load(path):
    return emulation.load(path, run_id="run-1")


def command(step, folder="/outputs"):
    """The command line of a step as it would be run with its artifacts in `folder`."""
    told = emulation._executor_input(step, pathlib.Path(folder))
    return tuple(emulation._command(step, told))


def test_steps_come_in_order_and_the_exit_step_last(package):
    assert [(step.name, step.is_exit) for step in load(package)] == [
        ("prepare", False),
        ("Left", False),
        ("Right", False),
        ("Last", False),
        ("report", True),
    ]


def test_a_step_knows_what_its_pod_would_get(package):
    *_, last, report = load(package)
    assert [(v.name, v.value) for v in last.container.env] == [("MODE", "test")]
    [secret] = last.asked.secret_as_env
    [entry] = secret.key_to_env
    assert (secret.secret_name, entry.secret_key, entry.env_var) == (
        *("account", "password", "PASSWORD"),
    )
    [mount] = last.asked.pvc_mount
    assert (mount.constant, mount.mount_path) == ("volume", "/mounted")
    assert (last.asked.active_deadline_seconds, last.retries) == (60, 2)
    assert (report.retries, report.asked.active_deadline_seconds) == (0, 0)


def test_a_step_knows_the_artifacts_that_it_may_make(compiled):
    @dsl.container_component
    def show(page: dsl.Output[dsl.HTML], curve: dsl.Output[dsl.ClassificationMetrics]):
        return dsl.ContainerSpec(image="image", command=["touch", page.path])

    def body():
        uncached(show())

    [step] = load(compiled(body))
    outputs = step.component.output_definitions.artifacts
    assert {name: one.artifact_type.schema_title for name, one in outputs.items()} == {
        "page": "system.HTML",
        "curve": "system.ClassificationMetrics",
    }
    assert command(step) == ("touch", "/outputs/page")


def test_command_lines_hold_values_as_kubeflow_writes_them(package):
    first, *_ = load(package)
    assert command(first) == (
        *("python", "-m", "tell", "--run", "run-1", "--set", "manifest", "/videos.csv"),
        *("--set", "3", "0.00001", "true", "path=/videos.csv"),
    )


def test_an_input_left_out_takes_the_default_of_its_component(compiled):
    @dsl.container_component
    def say(text: str = "quiet"):
        return dsl.ContainerSpec(image="image", command=["echo", text])

    def body():
        uncached(say())

    [step] = load(compiled(body))
    assert command(step) == ("echo", "quiet")


def cached_task():
    work()


def condition(flag: str = "yes"):
    with dsl.If(flag == "yes"):
        uncached(work())


def loop():
    with dsl.ParallelFor(["a", "b"]):
        uncached(work())


def importer():
    uncached(dsl.importer("gs://bucket/model", dsl.Model))


def artifacts_for_another_step():
    @dsl.container_component
    def make(model: dsl.Output[dsl.Model]):
        return dsl.ContainerSpec(image="image", command=["touch", model.path])

    @dsl.container_component
    def take(model: dsl.Input[dsl.Model]):
        return dsl.ContainerSpec(image="image", command=["cat", model.path])

    uncached(take(model=uncached(make()).outputs["model"]))


def output_file():
    @dsl.container_component
    def say():
        return dsl.ContainerSpec(
            image="image",
            command=["touch", dsl.PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER],
        )

    uncached(say())


def outputs():
    @dsl.container_component
    def make(text: dsl.OutputPath(str)):
        return dsl.ContainerSpec(image="image", command=["touch", text])

    uncached(make())


def concatenation():
    @dsl.container_component
    def say(text: str):
        return dsl.ContainerSpec(
            image="image", command=["echo"], args=[dsl.ConcatPlaceholder(["a", text])]
        )

    uncached(say(text="x"))


def run_id_inside_of_text():
    @dsl.container_component
    def say(text: str):
        return dsl.ContainerSpec(image="image", command=["echo", text])

    uncached(say(text=f"run-{dsl.PIPELINE_JOB_ID_PLACEHOLDER}"))


def run_id_in_the_command():
    @dsl.container_component
    def say():
        return dsl.ContainerSpec(
            image="image", command=["echo", f"{dsl.PIPELINE_JOB_ID_PLACEHOLDER}"]
        )

    uncached(say())


def command_of_the_image():
    @dsl.container_component
    def say():
        return dsl.ContainerSpec(image="image", args=["x"])

    uncached(say())


def secret_as_volume():
    kubernetes.use_secret_as_volume(uncached(work()), "account", "/secret")


def parameter_without_a_value(text: str):
    @dsl.container_component
    def say(text: str):
        return dsl.ContainerSpec(image="image", command=["echo", text])

    uncached(say(text=text))


def field_of_the_pod():
    kubernetes.use_field_path_as_env(uncached(work()), "POD", "metadata.name")


def structure(settings: dict = {"a": 1}):  # noqa: B006
    @dsl.container_component
    def say(settings: dict):
        return dsl.ContainerSpec(image="image", command=["echo", settings])

    uncached(say(settings=settings))


@dsl.pipeline(name="group")
def group():
    first = uncached(work())
    uncached(close()).after(first).ignore_upstream_failure()


def ignored_failure():
    group()


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (cached_task, "step work: Kubeflow's own cache"),
        (condition, "`condition`|trigger_policy"),
        (loop, "`parameter_iterator`"),
        (importer, "`importer`|`output_definitions`"),
        (artifacts_for_another_step, "step take: `artifacts`"),
        (output_file, "step say: the placeholder .*output_file"),
        (outputs, "step make: `parameters`"),
        (concatenation, "step say: the placeholder .*Concat"),
        (run_id_inside_of_text, "say, text: the value 'run-"),
        (run_id_in_the_command, "step say: the placeholder .*pipeline_job_uuid"),
        (command_of_the_image, "step say: a command that only its image knows"),
        (secret_as_volume, "step work: `secret_as_volume`"),
        (field_of_the_pod, "step work: `field_path_as_env`"),
        (structure, "settings: the value"),
        (parameter_without_a_value, "run, text: the value None"),
        (ignored_failure, "going on after a failure inside of a group"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_run_here_is_refused(compiled, body, what):
    with raises_code("unsupported_step", match=what) as refusal:
        load(compiled(body))
    assert refusal.value.code == "unsupported_step"


def test_a_field_of_a_later_kfp_is_refused(package):
    spec, platform = yaml.safe_load_all(package.read_text())
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    executors["exec-work-3"]["hostNetwork"] = True
    package.write_text(yaml.safe_dump_all([spec, platform]))
    with raises_code("unsupported_step", match="hostNetwork"):
        load(package)


def test_a_circle_of_steps_is_refused(package):
    spec, platform = yaml.safe_load_all(package.read_text())
    tasks = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    tasks["tell"]["dependentTasks"] = ["work-3"]
    package.write_text(yaml.safe_dump_all([spec, platform]))
    with raises_code("unsupported_step", match="a circle of steps"):
        load(package)
