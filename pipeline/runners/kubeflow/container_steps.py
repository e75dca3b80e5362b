"""One container step of a Kubeflow pipeline: its command, and what it gets from the cluster."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from kfp import dsl, kubernetes

from pipeline.config.clusters import KubeflowConfig
from pipeline.config.sections import MYSQL, PASSWORD_VARIABLE, USERNAME_VARIABLE, MetadataConfig
from pipeline.config.tree import PipelineConfig
from schemas.errors import RunnerError

COMMAND: Final = ("python", "-m", "pipeline.cli.node")
LABELS: Final[Mapping[str, str]] = {
    "app.kubernetes.io/part-of": "deepfake",
    "app.kubernetes.io/component": "pipeline-step",
}
BACKOFF_FACTOR: Final = 2  # Argo Workflows takes a whole number
NO_TIMEOUT_SECONDS: Final = 30 * 86400
# The keys of the Secret `metadata.secret`.
_ACCOUNT: Final[Mapping[str, str]] = {
    "username": USERNAME_VARIABLE,
    "password": PASSWORD_VARIABLE,
}


class OutputPath(NamedTuple):
    """An argument of a step: where it puts the artifact `name`."""

    name: str


class Input(NamedTuple):
    """A parameter of a pipeline, or an argument of a step that is known when the run begins.

    Attributes:
      name: Name of the parameter, a Python identifier.
      kind: Type of the value: bool, int, float or str.
      value: Default value.
    """

    name: str
    kind: type
    value: object


def add(
    node: str,
    arguments: Sequence[str | Input | OutputPath],
    values: Mapping[str, Any],
    config: PipelineConfig,
    outputs: Mapping[str, type[dsl.Artifact]],
) -> dsl.PipelineTask:
    """Adds the step of `node` to the pipeline that is being defined.

    Args:
      node: Id of the node, or `prepare` or `report`.
      arguments: Arguments of the step's command.
      values: Value of each input among the arguments, by name.
      config: Configuration of the whole pipeline.
      outputs: Artifacts that the step makes for Kubeflow, by name.

    Raises:
      RunnerError: `step_refused`: The configuration asks for what Kubeflow Pipelines does not take.
    """
    component = _component(node, arguments, str(config.kubeflow.step(node).image), outputs)
    inputs = [part.name for part in arguments if isinstance(part, Input)]
    task = component(**{name: values[name] for name in inputs})
    task.set_display_name(node)
    task.set_caching_options(enable_caching=False)  # it would skip TFX's drivers, and its cache
    step: Any = config.kubeflow.step(node)  # no field of it is null
    variables = {"PYTHONUNBUFFERED": "1", **config.kubeflow.environment, **step.environment}
    for variable, text in variables.items():
        task.set_env_variable(variable, text)
    try:
        _ask_for_resources(task, step)
    except ValueError as error:
        raise RunnerError(
            "step_refused", f"step {node}: {error} See kubeflow.nodes.{node} and kubeflow.default."
        ) from error
    _connect(task, config.kubeflow, config.metadata)
    return task


def _component(
    node: str,
    arguments: Sequence[str | Input | OutputPath],
    image: str,
    outputs: Mapping[str, type[dsl.Artifact]],
) -> Any:
    inputs = {part.name: part for part in arguments if isinstance(part, Input)}

    def define(*placeholders: Any) -> dsl.ContainerSpec:
        by_name = dict(zip((*inputs, *outputs), placeholders, strict=True))

        def filled(part: str | Input | OutputPath) -> Any:
            if isinstance(part, OutputPath):
                return by_name[part.name].path
            return by_name[part.name] if isinstance(part, Input) else part

        return dsl.ContainerSpec(
            image=image, command=list(COMMAND), args=list(map(filled, arguments))
        )

    define.__name__ = kebab_case(node)  # the step's name, and that of its executor
    with_inputs(define, list(inputs.values()), optional=False, outputs=outputs)
    return dsl.container_component(define)


def kebab_case(node: str) -> str:
    """`ImportSchemaGen` as `import-schema-gen`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", node).lower()


def with_inputs(
    function: Any,
    inputs: Sequence[Input],
    *,
    optional: bool,
    outputs: Mapping[str, type[dsl.Artifact]] | None = None,
) -> Any:
    """`function`, which takes anything, as one of those parameters: kfp reads its signature."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = [
        inspect.Parameter(
            one.name,
            kind,
            annotation=one.kind,
            default=one.value if optional else inspect.Parameter.empty,
        )
        for one in inputs
    ]
    made = [
        inspect.Parameter(name, kind, annotation=dsl.Output[artifact])
        for name, artifact in (outputs or {}).items()
    ]
    function.__signature__ = inspect.Signature(given + made)
    return function


def _ask_for_resources(task: dsl.PipelineTask, step: Any) -> None:
    """Turns the configuration of a step into requests."""
    if step.cpu:
        task.set_cpu_request(step.cpu)
    if step.cpu_limit:
        task.set_cpu_limit(step.cpu_limit)
    if step.memory:
        task.set_memory_request(step.memory).set_memory_limit(step.memory)
    if step.gpu_count:
        task.set_accelerator_type(step.gpu_type).set_accelerator_limit(step.gpu_count)
        kubernetes.add_toleration(task, key=step.gpu_type, operator="Exists", effect="NoSchedule")
    for toleration in step.tolerations:
        given = {name: text for name, text in vars(toleration).items() if text}
        kubernetes.add_toleration(task, **given)
    for label, value in step.node_selector.items():
        kubernetes.add_node_selector(task, label, value)
    if step.retries:
        task.set_retry(
            step.retries,
            backoff_duration=f"{step.backoff_seconds}s",
            backoff_factor=BACKOFF_FACTOR,
        )
    if step.timeout_seconds:
        kubernetes.set_timeout(task, step.timeout_seconds)


def retry_window(step: Any) -> int:
    """Seconds in which all attempts of a step may begin: as long as they and the waits can take.

    Kubeflow hands it to Argo Workflows, which counts from the start of the first attempt, begins
    none after it, and ends a running one with it: shorter, and a step that fails late is not tried
    again.
    """
    waits = sum(step.backoff_seconds * BACKOFF_FACTOR**number for number in range(step.retries))
    attempts = (step.retries + 1) * (step.timeout_seconds or NO_TIMEOUT_SECONDS)
    return int(attempts + waits)


def _connect(task: dsl.PipelineTask, kubeflow: KubeflowConfig, metadata: MetadataConfig) -> None:
    """Gives a step what all of them have: volume, accounts, labels."""
    if metadata.backend == MYSQL:
        kubernetes.use_secret_as_env(task, metadata.secret, dict(_ACCOUNT))
    for secret in kubeflow.secrets:
        kubernetes.use_secret_as_env(task, secret.secret, {secret.key: secret.variable})
    kubernetes.mount_pvc(task, kubeflow.volume, kubeflow.mount_path)
    if kubeflow.run_as_user:
        kubernetes.set_security_context(
            task,
            run_as_user=kubeflow.run_as_user,
            run_as_group=kubeflow.run_as_user,
            run_as_non_root=True,
        )
    if kubeflow.image_pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(kubeflow.image_pull_secrets))
    for label, value in {**kubeflow.labels, **LABELS}.items():
        kubernetes.add_pod_label(task, label, value)
