"""Reads a compiled Kubeflow package into a plan of steps, with kfp's own loader and messages.

What the package says and this module does not know is refused. Only what decides where a pod
lands (resources, selectors, tolerations, labels, pull secrets) is left to the cluster.
"""

import graphlib
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import json_format, message
from kfp import components
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners.emulation import containers
from pipeline.runners.emulation.containers import expect_only
from pipeline.runners.emulation.step_plan import (
    RUN_ID,
    Parameter,
    Plan,
    Retry,
    Source,
    Step,
    is_supported_type,
    unsupported_step,
)

_TYPES: Final = pipeline_spec_pb2.ParameterType.ParameterTypeEnum
_STRATEGIES: Final = pipeline_spec_pb2.PipelineTaskSpec.TriggerPolicy.TriggerStrategy


def load(path: pathlib.Path) -> Plan:
    """The plan of a package.

    Raises:
      RunnerError: `unsupported_step`: The package asks for something that is not run here.
    """
    package = components.load_component_from_file(str(path))
    spec = package.pipeline_spec
    expect_only(
        spec,
        "the package",
        "pipeline_info deployment_spec sdk_version schema_version components root",
    )
    reader = _Reader(spec, containers.read(spec.deployment_spec, package.platform_spec))
    expect_only(spec.root, "the package", "input_definitions dag")
    parameters = _parameters(spec.root, "the package")
    scope = {name: Source(parameter=name) for name in parameters}
    steps = list(reader.steps(spec.root.dag, "the package", scope, after=(), is_root=True))
    return Plan(
        name=spec.pipeline_info.name, parameters=parameters, steps=tuple(_exit_step_last(steps))
    )


class _Reader:
    """Flattens the tasks of a package, exit handlers included, into steps."""

    def __init__(
        self, spec: pipeline_spec_pb2.PipelineSpec, executors: Mapping[str, containers.Executor]
    ) -> None:
        self._components = spec.components
        self._executors = executors
        self._names: set[str] = set()

    def steps(
        self,
        dag: pipeline_spec_pb2.DagSpec,
        where: str,
        scope: Mapping[str, Source],
        *,
        after: tuple[str, ...],
        is_root: bool,
    ) -> Iterator[Step]:
        """The steps of `dag`; of those that can run together, the one with most behind it first.

        Args:
          dag: Of the package, or of one of its groups.
          where: Says in an error whose tasks these are.
          scope: What the inputs of the group stand for.
          after: Steps that the whole group waits for.
          is_root: Whether these are the tasks of the package itself.
        """
        expect_only(dag, where, "tasks")
        made: dict[str, tuple[str, ...]] = {}
        for name in _ordered(dag, where):
            task = dag.tasks[name]
            waits = [step for other in task.dependent_tasks for step in made[other]]
            found = list(
                self._task(name, task, scope, after=tuple(waits) or after, is_root=is_root)
            )
            made[name] = tuple(step.name for step in found)
            yield from found

    def _task(
        self,
        name: str,
        task: pipeline_spec_pb2.PipelineTaskSpec,
        scope: Mapping[str, Source],
        *,
        after: tuple[str, ...],
        is_root: bool,
    ) -> Iterator[Step]:
        where = f"step {task.task_info.name or name}"
        known = "task_info inputs dependent_tasks caching_options component_ref trigger_policy"
        component = self._components[task.component_ref.name]
        inputs = _inputs(task, component, scope, where)
        if component.HasField("dag"):
            expect_only(component, where, "input_definitions dag")
            expect_only(task, where, known.replace(" trigger_policy", ""))
            yield from self.steps(component.dag, where, inputs, after=after, is_root=False)
            return
        expect_only(component, where, "input_definitions output_definitions executor_label")
        expect_only(task, where, f"{known} retry_policy")
        if task.caching_options.enable_cache:
            raise unsupported_step(where, "Kubeflow's own cache")
        if name in self._names:
            raise unsupported_step(where, "a second step of that name")
        self._names.add(name)
        executor = self._executors[component.executor_label]
        yield Step(
            name=name,
            display_name=task.task_info.name or name,
            command=executor.command,
            inputs=inputs,
            outputs=_outputs(component, where),
            environment=executor.environment,
            secrets=executor.secrets,
            volumes=executor.volumes,
            after=after,
            retry=_retry(task),
            timeout_seconds=executor.timeout_seconds,
            is_exit=_is_exit(task, where, is_root=is_root),
        )


def _ordered(dag: pipeline_spec_pb2.DagSpec, where: str) -> list[str]:
    """Names of tasks by rank: how many come before; then how many, one by one, come after."""
    before = {name: list(task.dependent_tasks) for name, task in sorted(dag.tasks.items())}
    try:
        order = list(graphlib.TopologicalSorter(before).static_order())
    except graphlib.CycleError as error:
        raise unsupported_step(where, f"a circle of steps ({error.args[1]})") from error
    rank = dict.fromkeys(order, 0)
    for name in order:
        rank[name] = max((rank[other] + 1 for other in before[name]), default=0)
    to_come = dict.fromkeys(order, 0)
    for name in reversed(order):
        for other in before[name]:
            to_come[other] = max(to_come[other], to_come[name] + 1)
    return sorted(order, key=lambda name: (rank[name], -to_come[name], name))


def _exit_step_last(steps: list[Step]) -> list[Step]:
    """Checks that there is at most one exit step, around all others."""
    exits = [step for step in steps if step.is_exit]
    others = [step for step in steps if not step.is_exit]
    for step in exits:
        if len(exits) > 1 or set(step.after) != {other.name for other in others}:
            raise unsupported_step(
                f"step {step.display_name}", "an exit handler around a part of the steps"
            )
    return others + exits


def _is_exit(task: pipeline_spec_pb2.PipelineTaskSpec, where: str, *, is_root: bool) -> bool:
    expect_only(task.trigger_policy, where, "strategy")
    strategy = task.trigger_policy.strategy
    is_exit = strategy == _STRATEGIES.ALL_UPSTREAM_TASKS_COMPLETED
    if is_exit and not is_root:
        raise unsupported_step(where, "going on after a failure inside of a group")
    return is_exit


def _retry(task: pipeline_spec_pb2.PipelineTaskSpec) -> Retry:
    policy = task.retry_policy
    return Retry(
        count=policy.max_retry_count,
        delay_seconds=policy.backoff_duration.ToTimedelta().total_seconds(),
        factor=policy.backoff_factor or 2.0,
        window_seconds=policy.backoff_max_duration.ToTimedelta().total_seconds(),
    )


def _parameters(component: pipeline_spec_pb2.ComponentSpec, where: str) -> dict[str, Parameter]:
    expect_only(component.input_definitions, where, "parameters")
    found = {}
    for name, given in sorted(component.input_definitions.parameters.items()):
        expect_only(
            given, f"{where}, {name}", "parameter_type default_value is_optional description"
        )
        kind = _TYPES.Name(given.parameter_type)
        if not is_supported_type(kind):
            raise unsupported_step(f"{where}, parameter {name}", f"the type {kind}")
        default = _constant(given.default_value) if given.HasField("default_value") else None
        found[name] = Parameter(type=kind, default=default)
    return found


def _inputs(
    task: pipeline_spec_pb2.PipelineTaskSpec,
    component: pipeline_spec_pb2.ComponentSpec,
    scope: Mapping[str, Source],
    where: str,
) -> dict[str, Source]:
    """The component's inputs: as the task gives them, or their defaults."""
    expect_only(task.inputs, where, "parameters")
    inputs = {
        name: Source(constant=parameter.default)
        for name, parameter in _parameters(component, where).items()
        if parameter.default is not None
    }
    for name, given in task.inputs.parameters.items():
        expect_only(given, f"{where}, {name}", "runtime_value component_input_parameter")
        if given.component_input_parameter:
            inputs[name] = scope[given.component_input_parameter]
        else:
            expect_only(given.runtime_value, f"{where}, {name}", "constant")
            inputs[name] = Source(constant=_constant(given.runtime_value.constant))
            _check_placeholder(inputs[name].constant, f"{where}, {name}")
    return inputs


def _outputs(component: pipeline_spec_pb2.ComponentSpec, where: str) -> dict[str, str]:
    """Types of the artifacts that a step may make; what it would hand on is no artifact."""
    expect_only(component.output_definitions, where, "artifacts")
    found = {}
    for name, given in sorted(component.output_definitions.artifacts.items()):
        expect_only(given, f"{where}, {name}", "artifact_type description")
        expect_only(given.artifact_type, f"{where}, {name}", "schema_title schema_version")
        found[name] = given.artifact_type.schema_title
    return found


def _check_placeholder(constant: str | float | bool, where: str) -> None:
    # Kubeflow replaces the run's id where it is the whole of a constant, and nowhere else.
    if isinstance(constant, str) and "{{$" in constant and constant != RUN_ID:
        raise unsupported_step(where, f"the placeholder in {constant!r}")


def _constant(value: message.Message) -> Any:
    return json_format.MessageToDict(value)
