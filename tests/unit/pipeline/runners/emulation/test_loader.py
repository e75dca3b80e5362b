"""Packages of kfp's own compiler, read into plans; what is not understood is refused."""

import pytest
import yaml
from coded import raises_code
from kfp import compiler, dsl, kubernetes

from pipeline.runners.emulation import loader, step_plan
from pipeline.runners.emulation.step_plan import Parameter


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


def test_steps_come_in_order_and_the_exit_step_last(package):
    plan = loader.load(package)
    assert plan.name == "tested"
    assert [(s.display_name, s.after, s.is_exit) for s in plan.steps] == [
        ("prepare", (), False),
        ("Left", ("tell",), False),
        ("Right", ("tell",), False),
        ("Last", ("work", "work-2"), False),
        ("report", ("tell", "work", "work-2", "work-3"), True),
    ]


def test_of_steps_that_can_run_together_the_one_with_most_behind_it_is_first(compiled):
    def body():
        uncached(work()).set_display_name("Alone")
        first = uncached(work()).set_display_name("First")
        uncached(work()).set_display_name("Second").after(first)

    steps = loader.load(compiled(body)).steps
    assert [step.display_name for step in steps] == ["First", "Alone", "Second"]


def test_a_step_knows_what_its_pod_would_get(package):
    *_, last, report = loader.load(package).steps
    assert last.environment == {"MODE": "test"}
    assert last.secrets == {"PASSWORD": step_plan.SecretKey(secret="account", key="password")}
    assert last.volumes == (step_plan.Volume(claim="volume", mount_path="/mounted"),)
    assert last.timeout_seconds == 60
    assert last.retry == step_plan.Retry(count=2, delay_seconds=30, factor=3.0, window_seconds=600)
    assert (report.retry.count, report.timeout_seconds, report.secrets) == (0, 0, {})


def test_a_step_knows_the_artifacts_that_it_may_make(compiled):
    @dsl.container_component
    def show(page: dsl.Output[dsl.HTML], curve: dsl.Output[dsl.ClassificationMetrics]):
        return dsl.ContainerSpec(image="image", command=["touch", page.path])

    def body():
        uncached(show())

    [step] = loader.load(compiled(body)).steps
    assert step.outputs == {"page": "system.HTML", "curve": "system.ClassificationMetrics"}
    assert step.command == ("touch", "{{$.outputs.artifacts['page'].path}}")


def test_waits_before_retries_grow_by_the_factor():
    retry = step_plan.Retry(count=3, delay_seconds=30, factor=3.0)
    assert [retry.delay_after(attempt) for attempt in (1, 2, 3)] == [30, 90, 270]


def test_command_lines_hold_the_arguments_as_kubeflow_writes_them(package):
    plan = loader.load(package)
    assert plan.parameters["epochs"] == Parameter(type="NUMBER_INTEGER", default=3.0)
    first, *_ = plan.bound(run_id="run-1", arguments={"manifest": "/a b.csv", "epochs": 20})
    assert first.command == (
        *("python", "-m", "tell", "--run", "run-1", "--set", "manifest", "/a b.csv"),
        *("--set", "20", "0.00001", "true", "path=/a b.csv"),
    )


def test_defaults_stand_in_for_arguments(package):
    first, *_ = loader.load(package).bound(run_id="run-1", arguments={})
    assert first.command[-5:] == ("--set", "3", "0.00001", "true", "path=/videos.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epoch": 1}, "tested has no parameter epoch; did you mean epochs"),
        ({"epochs": "1"}, "epochs takes a NUMBER_INTEGER, got '1'"),
        ({"epochs": True}, "epochs takes a NUMBER_INTEGER, got True"),
        ({"epochs": 1.5}, "epochs takes a NUMBER_INTEGER, got 1.5"),
        ({"manifest": 1}, "manifest takes a STRING, got 1"),
    ],
)
def test_arguments_are_checked_by_name_and_type(package, arguments, message):
    with raises_code("bad_argument", match=message):
        loader.load(package).bound(run_id="run-1", arguments=arguments)


def test_a_parameter_without_default_must_be_given(compiled):
    @dsl.container_component
    def say(text: str):
        return dsl.ContainerSpec(image="image", command=["echo", text])

    def body(text: str):
        uncached(say(text=text))

    plan = loader.load(compiled(body))
    with raises_code("bad_argument", match="tested needs a value for text"):
        plan.bound(run_id="run-1", arguments={})
    [step] = plan.bound(run_id="run-1", arguments={"text": "hello"})
    assert step.command == ("echo", "hello")


def test_an_input_left_out_takes_the_default_of_its_component(compiled):
    @dsl.container_component
    def say(text: str = "quiet"):
        return dsl.ContainerSpec(image="image", command=["echo", text])

    def body():
        uncached(say())

    [step] = loader.load(compiled(body)).bound(run_id="run-1", arguments={})
    assert step.command == ("echo", "quiet")


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


def field_of_the_pod():
    kubernetes.use_field_path_as_env(uncached(work()), "POD", "metadata.name")


def structure(settings: dict = {"a": 1}):  # noqa: B006
    @dsl.container_component
    def say(settings: dict):
        return dsl.ContainerSpec(image="image", command=["echo", settings])

    uncached(say(settings=settings))


def exit_handler_around_a_part():
    uncached(work())
    with dsl.ExitHandler(uncached(close())):
        uncached(work())


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
        (artifacts_for_another_step, "container take: the placeholder .*inputs.artifacts"),
        (output_file, "container say: the placeholder .*output_file"),
        (outputs, "container make: the placeholder .*outputs.parameters"),
        (concatenation, "container say: the placeholder .*Concat"),
        (run_id_inside_of_text, "say, text: the placeholder in 'run-"),
        (run_id_in_the_command, "container say: the placeholder .*pipeline_job_uuid"),
        (command_of_the_image, "container say: a command that only its image knows"),
        (secret_as_volume, "container work: `secret_as_volume`"),
        (field_of_the_pod, "container work: `field_path_as_env`"),
        (structure, "the type STRUCT"),
        (exit_handler_around_a_part, "an exit handler around a part of the steps"),
        (ignored_failure, "going on after a failure inside of a group"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_run_here_is_refused(compiled, body, what):
    with raises_code("unsupported_step", match=what) as refusal:
        loader.load(compiled(body))
    assert refusal.value.code == "unsupported_step"


def test_a_field_of_a_later_kfp_is_refused(package):
    spec, platform = yaml.safe_load_all(package.read_text())
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    executors["exec-work-3"]["hostNetwork"] = True
    package.write_text(yaml.safe_dump_all([spec, platform]))
    with raises_code("unsupported_step", match=r"container work-3: .*hostNetwork"):
        loader.load(package)


def test_a_circle_of_steps_is_refused(package):
    spec, platform = yaml.safe_load_all(package.read_text())
    tasks = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    tasks["tell"]["dependentTasks"] = ["work-3"]
    package.write_text(yaml.safe_dump_all([spec, platform]))
    with raises_code("unsupported_step", match="a circle of steps"):
        loader.load(package)
