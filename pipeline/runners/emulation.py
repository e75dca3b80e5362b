"""Runs a compiled Kubeflow package on this machine: every container step is a process of its own.

As on a cluster, a failed attempt is retried whatever its exit status, no step starts after one has
failed for good, and the exit step runs whatever happened. Unlike there, steps run one after
another, and a retry follows at once: it finds the same machine again. What decides where a pod
lands (resources, selectors, tolerations, labels, pull secrets) is left to the cluster; what else a
package says and this module does not know is refused.
"""

import contextlib
import dataclasses
import enum
import graphlib
import json
import logging
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeVar

import numpy as np
from google.protobuf import json_format, message
from kfp import components, dsl
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.local import executor_input_utils
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners import emulation_guard
from pipeline.runs.folders import RunFolder
from schemas.errors import RunnerError

COLLECTED: Final = "artifacts.json"
GRACE_SECONDS: Final = 10.0
# What a container gets from its image and its machine. A step sees these, what the package gives
# it, and nothing else of the environment in which the command was given.
INHERITED: Final = (
    *("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ"),
    *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"),
)
_BAD_OUTPUT: Final = 1  # Kubeflow's launcher fails without the command's own status
_POLL_SECONDS: Final = 0.02
_PACKAGE_ROOT: Final = pathlib.Path(__file__).parents[2]
_PLACEHOLDER: Final = re.compile(
    r"\{\{\$(?:\.(inputs\.parameters|outputs\.artifacts)\['([^']+)'\](?:\.(?:path|uri))?)?\}\}"
)
_ASKED: Final = (
    "secret_as_env pvc_mount active_deadline_seconds node_selector tolerations node_affinity"
    " pod_affinity pod_metadata image_pull_secret image_pull_policy security_context"
)
_TASK: Final = (
    "task_info inputs dependent_tasks caching_options component_ref trigger_policy retry_policy"
)
_WHATEVER_HAPPENED: Final = (
    pipeline_spec_pb2.PipelineTaskSpec.TriggerPolicy.ALL_UPSTREAM_TASKS_COMPLETED
)

_Value = str | float | bool
_Message = TypeVar("_Message", bound=message.Message)
_LOGGER: Final = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One container step, in kfp's own messages.

    Attributes:
      name: As people see it; the id of the node in our packages.
      component: The message `ComponentSpec`: inputs and outputs.
      container: The message `PipelineContainerSpec`: command line and variables.
      asked: The message `KubernetesExecutorConfig`: secrets, mounted claims and the deadline.
      values: Its inputs, by name.
      retries: Attempts after the first.
      is_exit: Whether the step runs last, whatever happened to the others.
    """

    name: str
    component: Any
    container: Any
    asked: Any
    values: Mapping[str, _Value]
    retries: int
    is_exit: bool


class Outcome(str, enum.Enum):
    """How an attempt of a step ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"  # by the user


@dataclasses.dataclass(frozen=True, kw_only=True)
class AttemptEnded:
    """One attempt of a step is over.

    Attributes:
      step: Name of the step.
      number: Of the attempt; the first is 1.
      status: Exit status; 128 and the number of a signal, where one ended it.
      outcome: What became of it.
      will_retry: Whether another attempt follows.
      started: Unix time.
      seconds: How long it took.
    """

    step: str
    number: int
    status: int
    outcome: Outcome
    will_retry: bool
    started: float
    seconds: float


def load(path: pathlib.Path, *, run_id: str) -> list[Step]:
    """The steps of a package, each after those that it waits for; the exit step is last.

    Args:
      path: The package. Its parameters take their defaults.
      run_id: What stands for Kubeflow's run id.

    Raises:
      RunnerError: `unsupported_step`: The package asks for something that is not run here.
    """
    package = components.load_component_from_file(str(path))
    spec, platforms = package.pipeline_spec, package.platform_spec.platforms
    deployment = _parsed(spec.deployment_spec, pipeline_spec_pb2.PipelineDeploymentConfig())
    asked = {
        label: _parsed(given, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
        for label, given in platforms["kubernetes"].deployment_spec.executors.items()
    }
    reader = _Reader(spec.components, deployment.executors, asked, run_id)
    steps = list(reader.steps(spec.root.dag, reader.values(spec.root, {}, {}, "run")))
    return sorted(steps, key=lambda step: step.is_exit)


def execute(
    steps: Sequence[Step],
    folder: RunFolder,
    *,
    observe: Callable[[AttemptEnded], None],
    grace_seconds: float = GRACE_SECONDS,
) -> bool:
    """Runs all steps; returns whether all of them succeeded, the exit step included.

    To be called in the main thread: it listens to SIGINT and SIGTERM. The first one stops the
    step, then runs the exit step; the second one kills whatever runs.

    Args:
      steps: From `load`.
      folder: Of the run: gets the logs of the steps and, below `kubeflow`, their artifacts.
      observe: Is told of every attempt that ended, before anything follows from it.
      grace_seconds: Between asking a step to end and killing it.

    Raises:
      RunnerError: `missing_secret`: Variables of Secrets are not in the environment.
      RunnerError: `missing_volume`: A mount path is no folder.
      KeyboardInterrupt: The user stopped the run; nothing of it is left.
    """
    _check_surroundings(steps)
    run = _Run(folder, observe, grace_seconds)
    former = {n: signal.signal(n, run.interrupt) for n in (signal.SIGINT, signal.SIGTERM)}
    succeeded = True
    try:
        for step in steps:
            heard = run.interrupts
            may_start = heard < 2 if step.is_exit else succeeded and not heard
            if may_start:
                succeeded = run.to_its_end(step, heard) and succeeded
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    if run.interrupts:
        raise KeyboardInterrupt
    return succeeded


def outputs_of(folder: RunFolder, step: str) -> pathlib.Path:
    """Folder of what a step hands to Kubeflow's own pages: a cluster's object store has them."""
    return folder.path / "kubeflow" / step


def _unsupported(where: str, what: str) -> RunnerError:
    return RunnerError(
        "unsupported_step",
        f"{where}: {what} cannot be run on this machine; submit the package to a cluster, or"
        " compile it without",
    )


def _parsed(given: message.Message, empty: _Message) -> _Message:
    """The strict message of what the package holds as plain mappings."""
    try:
        return json_format.ParseDict(json_format.MessageToDict(given), empty)
    except json_format.ParseError as error:
        raise _unsupported("the package", f"a part of the specification ({error})") from error


def _expect_only(given: message.Message, where: str, known: str) -> None:
    for field, _ in given.ListFields():
        if field.name not in known.split():
            raise _unsupported(where, f"`{field.name}`")


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Flattens the tasks of a package, those of an exit handler included, into steps."""

    components: Mapping[str, Any]
    executors: Mapping[str, Any]
    asked: Mapping[str, Any]
    run_id: str

    def steps(self, dag: Any, scope: Mapping[str, _Value], *, group: str = "") -> Iterator[Step]:
        """The steps of `dag` in order; the inputs of its tasks come from `scope`."""
        before = {name: list(task.dependent_tasks) for name, task in sorted(dag.tasks.items())}
        try:
            order = list(graphlib.TopologicalSorter(before).static_order())
        except graphlib.CycleError as error:
            raise _unsupported("the package", f"a circle of steps ({error.args[1]})") from error
        for name in order:
            task, where = dag.tasks[name], f"step {name}"
            component = self.components[task.component_ref.name]
            for given, known in (
                (task, _TASK),
                (task.trigger_policy, "strategy"),
                (task.inputs, "parameters"),
                (component.output_definitions, "artifacts"),
            ):
                _expect_only(given, where, known)
            values = self.values(component, task.inputs.parameters, scope, where)
            is_exit = task.trigger_policy.strategy == _WHATEVER_HAPPENED
            if is_exit and (group or component.HasField("dag")):
                raise _unsupported(where, "going on after a failure inside of a group")
            if component.HasField("dag"):
                yield from self.steps(component.dag, values, group=name)
            else:
                yield self._step(name, task, values, is_exit=is_exit)

    def _step(self, name: str, task: Any, values: Mapping[str, _Value], *, is_exit: bool) -> Step:
        component, where = self.components[task.component_ref.name], f"step {name}"
        executor = self.executors[component.executor_label]
        step = Step(
            name=task.task_info.name or name,
            component=component,
            container=executor.container,
            asked=self.asked.get(component.executor_label)
            or kubernetes_executor_config_pb2.KubernetesExecutorConfig(),
            values=values,
            retries=task.retry_policy.max_retry_count,
            is_exit=is_exit,
        )
        _expect_only(executor, where, "container")
        _expect_only(step.asked, where, _ASKED)
        if task.caching_options.enable_cache:
            raise _unsupported(where, "Kubeflow's own cache")
        if not step.container.command:
            raise _unsupported(where, "a command that only its image knows")
        _command(step, _executor_input(step, pathlib.Path()))  # refuses unknown placeholders
        return step

    def values(
        self, component: Any, given: Mapping[str, Any], scope: Mapping[str, _Value], where: str
    ) -> dict[str, _Value]:
        """Values of a component's inputs: as its task gives them, or their defaults."""
        found: dict[str, Any] = {}
        for name, parameter in component.input_definitions.parameters.items():
            source = given.get(name)
            if source is None:
                found[name] = json_format.MessageToDict(parameter.default_value)
            elif source.component_input_parameter:
                found[name] = scope[source.component_input_parameter]
            else:
                found[name] = json_format.MessageToDict(source.runtime_value.constant)
                # Kubeflow replaces the run's id where it is a whole constant, and nowhere else.
                if found[name] == dsl.PIPELINE_JOB_ID_PLACEHOLDER:
                    found[name] = self.run_id
            if not isinstance(found[name], _Value) or "{{$" in str(found[name]):
                raise _unsupported(f"{where}, {name}", f"the value {found[name]!r}")
        return found


def _executor_input(step: Step, folder: pathlib.Path) -> pipeline_spec_pb2.ExecutorInput:
    """What Kubeflow tells a step: its inputs, and the places of its artifacts in `folder`."""
    return executor_input_utils.construct_executor_input(
        step.component, dict(step.values), str(folder), block_input_artifact=True
    )


def _command(step: Step, told: pipeline_spec_pb2.ExecutorInput) -> list[str]:
    """The command line without placeholders."""

    def text(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        if not kind:
            return json_format.MessageToJson(told, indent=None)
        if kind == "inputs.parameters" and name in step.values:
            value = step.values[name]
            if isinstance(value, bool):
                return "true" if value else "false"
            # As Kubeflow's launcher writes numbers: no exponent, no `.0`.
            return value if isinstance(value, str) else np.format_float_positional(value, trim="-")
        if kind == "outputs.artifacts" and name in told.outputs.artifacts:
            # On one machine the path of an artifact and its URI are the same.
            return str(told.outputs.artifacts[name].artifacts[0].uri)
        raise _unsupported(f"step {step.name}", f"the placeholder {found[0]}")

    words = (*step.container.command, *step.container.args)
    for word in words:
        is_structure = word.startswith(('{"Concat":', '{"IfPresent":'))
        if is_structure or "{{$" in _PLACEHOLDER.sub("", word):
            raise _unsupported(f"step {step.name}", f"the placeholder in {word[:80]}")
    return [_PLACEHOLDER.sub(text, word) for word in words]


def _collect(step: Step, told: pipeline_spec_pb2.ExecutorInput, folder: pathlib.Path) -> None:
    """Keeps what a step said of its artifacts as `artifacts.json`, an `ExecutorOutput`.

    Raises:
      RunnerError: `bad_output`: Kubeflow's launcher could not read it, and would fail the step.
    """
    said, path = pipeline_spec_pb2.ExecutorOutput(), pathlib.Path(told.outputs.output_file)
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else "{}"
        json_format.ParseDict(json.loads(text, parse_constant=_refuse), said)
    except (ValueError, json_format.ParseError) as error:
        raise RunnerError(
            "bad_output", f"{step.name} wrote {path}, which Kubeflow cannot read: {error}"
        ) from error
    if strange := sorted(said.artifacts.keys() - told.outputs.artifacts.keys()):
        raise RunnerError("bad_output", f"{step.name} has no output {', '.join(strange)}")
    kept = pipeline_spec_pb2.ExecutorOutput(artifacts=told.outputs.artifacts)
    for name, artifacts in said.artifacts.items():
        for artifact in artifacts.artifacts[:1]:  # the launcher reads no other
            kept.artifacts[name].artifacts[0].MergeFrom(artifact)
    if kept.artifacts:
        (folder / COLLECTED).write_text(f"{json_format.MessageToJson(kept)}\n", encoding="utf-8")


def _refuse(constant: str) -> NoReturn:
    """Python would read NaN and Infinity; the launcher does not."""
    raise ValueError(f"{constant} is no JSON")


def _check_surroundings(steps: Sequence[Step]) -> None:
    """Refuses steps that this machine cannot give what a cluster would."""
    missing = {
        f"{entry.env_var} (key {entry.secret_key} of Secret {secret.secret_name})"
        for step in steps
        for secret in step.asked.secret_as_env
        for entry in secret.key_to_env
        if entry.env_var not in os.environ and not secret.optional
    }
    if missing:
        raise RunnerError(
            "missing_secret",
            f"set {', '.join(sorted(missing))} in the environment of this command; on a cluster the"
            " values come from the Secrets",
        )
    for mount in (mount for step in steps for mount in step.asked.pvc_mount):
        if not pathlib.Path(mount.mount_path).is_dir():
            raise RunnerError(
                "missing_volume",
                f"no folder {mount.mount_path}, where the claim {mount.constant} is mounted on a"
                " cluster; create it, or compile with kubeflow.mount_path on this machine",
            )


def _variables(step: Step) -> dict[str, str]:
    """Variables of a step: a few of this machine, those of the package, those of Secrets.

    `python` is the interpreter of this process, and this project's code comes first on its path.
    """
    entries = [entry for secret in step.asked.secret_as_env for entry in secret.key_to_env]
    taken = (*INHERITED, *(entry.env_var for entry in entries))
    binaries = (str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    paths = (str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", ""))
    return {
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join(binaries),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONSAFEPATH": "1",
        **{variable.name: variable.value for variable in step.container.env},
        **{name: os.environ[name] for name in taken if name in os.environ},
    }


@contextlib.contextmanager
def _started(step: Step, command: Sequence[str], log: pathlib.Path) -> Iterator[Any]:
    """The process of a step; when the context ends, it and all that it started are gone."""
    reading, lifeline = os.pipe()  # whose closing tells the guard that the context has ended
    process = None
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-I", emulation_guard.__file__, str(reading), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_variables(step),
                pass_fds=(reading,),
                start_new_session=True,
            )
        yield process
    finally:
        os.close(lifeline)
        os.close(reading)
        if process is not None:
            process.wait()


class _Run:
    """One run: the attempts of its steps, and how often the user asked to stop."""

    def __init__(
        self, folder: RunFolder, observe: Callable[[AttemptEnded], None], grace_seconds: float
    ) -> None:
        self._folder = folder
        self._observe = observe
        self._grace_seconds = grace_seconds
        self.interrupts = 0

    def interrupt(self, number: int, frame: object) -> None:
        """The handler: only counts, so that no process is lost between its start and its end."""
        self.interrupts += 1

    def to_its_end(self, step: Step, heard: int) -> bool:
        """Makes attempts of a step until one succeeds, none is left, or the user asks to stop.

        Args:
          step: The step.
          heard: How often the user had asked when it was decided to start the step.
        """
        for number in range(1, step.retries + 2):
            _LOGGER.info("%s, attempt %d: started", step.name, number)
            started = time.time()
            outcome, status = self._attempt(step, heard)
            has_failed = outcome is not Outcome.SUCCEEDED
            may_retry = has_failed and number <= step.retries and self.interrupts == heard
            ended = AttemptEnded(
                step=step.name,
                number=number,
                status=status,
                outcome=outcome,
                will_retry=may_retry,
                started=started,
                seconds=time.time() - started,
            )
            _LOGGER.info(
                "%s, attempt %d: %s with status %d after %.1f s%s",
                *(step.name, number, outcome.value, status, ended.seconds),
                "; it is tried again" if may_retry else "",
            )
            self._observe(ended)
            if not may_retry:
                break
        return not has_failed

    def _attempt(self, step: Step, heard: int) -> tuple[Outcome, int]:
        """Runs a step once, with an empty folder; returns what became of it, and its status."""
        folder = outputs_of(self._folder, step.name)
        shutil.rmtree(folder, ignore_errors=True)
        if step.component.output_definitions.artifacts:
            folder.mkdir(parents=True)
        told = _executor_input(step, folder)
        with _started(step, _command(step, told), self._folder.step_log(step.name)) as process:
            asked_to_end = self._wait(process, step.asked.active_deadline_seconds, heard)
        status = process.returncode if process.returncode >= 0 else 128 - process.returncode
        if asked_to_end or status:
            return asked_to_end or Outcome.FAILED, status
        try:
            _collect(step, told, folder)
        except RunnerError as error:
            _LOGGER.error("%s: %s", error.code, error)
            return Outcome.FAILED, _BAD_OUTPUT
        return Outcome.SUCCEEDED, status

    def _wait(self, process: Any, timeout_seconds: int, heard: int) -> Outcome | None:
        """Waits for the end, or until it is time to kill; returns why a process was to end."""
        asked_to_end = None
        deadline, kill_at = time.monotonic() + (timeout_seconds or math.inf), math.inf
        while process.poll() is None and (now := time.monotonic()) < kill_at:
            if self.interrupts > heard:
                heard, deadline = self.interrupts, math.inf
                asked_to_end = asked_to_end or Outcome.STOPPED
                kill_at = now + self._grace_seconds if heard == 1 else now
                process.send_signal(signal.SIGINT)
            elif now >= deadline:
                asked_to_end = Outcome.TIMED_OUT
                deadline, kill_at = math.inf, now + self._grace_seconds
                process.send_signal(signal.SIGTERM)
            time.sleep(_POLL_SECONDS)
        return asked_to_end
