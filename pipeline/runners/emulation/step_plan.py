"""What a Kubeflow package asks to be run: steps, their order, and the parameters of a run."""

import dataclasses
import decimal
import re
from collections.abc import Mapping
from typing import Any, Final

from schemas.errors import RunnerError, did_you_mean

RUN_ID: Final = "{{$.pipeline_job_uuid}}"
EXECUTOR_INPUT: Final = "{{$}}"  # all that the step gets and may make, as JSON
OUTPUT: Final = re.compile(r"\{\{\$\.outputs\.artifacts\['([^']+)'\]\.(?:path|uri)\}\}")
_INPUT: Final = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}")
_PYTHON_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int,),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
}


def unsupported_step(where: str, what: str) -> RunnerError:
    """Something in a package that cannot be run here; it is never left out silently."""
    return RunnerError(
        "unsupported_step",
        f"{where}: {what} cannot be run on this machine; submit the package to a cluster, or"
        " compile it without",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SecretKey:
    """Where a variable's value comes from: one key of a Kubernetes Secret."""

    secret: str
    key: str
    is_optional: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Volume:
    """A PersistentVolumeClaim and where the step sees it."""

    claim: str
    mount_path: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Retry:
    """What happens after a failed attempt, as Argo Workflows does it for Kubeflow.

    Attributes:
      count: Attempts after the first.
      delay_seconds: Wait before the first of them.
      factor: By which each further wait is longer than the one before.
      window_seconds: Counted from the start of the first attempt: no attempt starts later, and one
        that has started is stopped then.
    """

    count: int = 0
    delay_seconds: float = 0.0
    factor: float = 2.0
    window_seconds: float = 0.0

    def delay_after(self, attempt: int) -> float:
        """Seconds to wait after the failure of `attempt`, the first of which is 1."""
        return self.delay_seconds * self.factor ** (attempt - 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """Value of a step's input: that of a parameter of the run, or a constant."""

    parameter: str = ""
    constant: str | float | bool = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameter:
    """What may, or must, be given to a run.

    Attributes:
      type: Kubeflow's name of the type, such as NUMBER_INTEGER.
      default: None where the parameter must be given.
    """

    type: str
    default: str | float | bool | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One container step.

    Attributes:
      name: Unique in the package.
      display_name: As people see it; the id of the node in our packages.
      command: The command line, in which placeholders stand for inputs until it is bound, and for
        outputs until it is started.
      inputs: By name.
      values: Of the inputs, once it is bound.
      outputs: Artifacts that it may make: Kubeflow's name of their type, by name.
      environment: Variables written into the package.
      secrets: Variables whose values come from Secrets.
      volumes: What must be there before the step starts.
      after: Names of the steps that must have succeeded.
      retry: What happens after a failed attempt.
      timeout_seconds: After which an attempt is stopped; 0 = never.
      is_exit: Whether the step runs last, whatever happened to the others.
    """

    name: str
    display_name: str
    command: tuple[str, ...]
    inputs: Mapping[str, Source] = dataclasses.field(default_factory=dict)
    values: Mapping[str, str | float | bool] = dataclasses.field(default_factory=dict)
    outputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = dataclasses.field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()
    after: tuple[str, ...] = ()
    retry: Retry = dataclasses.field(default_factory=Retry)
    timeout_seconds: float = 0.0
    is_exit: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """A package, ready to be run with arguments.

    Attributes:
      name: Of the pipeline.
      parameters: Of a run, by name.
      steps: In an order in which one could run them one by one; the exit step is last.
    """

    name: str
    parameters: Mapping[str, Parameter]
    steps: tuple[Step, ...]

    def bound(self, *, run_id: str, arguments: Mapping[str, Any]) -> tuple[Step, ...]:
        """The steps with the command lines of one run.

        Raises:
          RunnerError: `bad_argument`: An argument is unknown, missing or of another type.
          RunnerError: `unsupported_step`: A placeholder stands for something that a step does not
            have.
        """
        values = self._values(arguments)
        return tuple(_bound(step, run_id, values) for step in self.steps)

    def _values(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        for name, value in arguments.items():
            if name not in self.parameters:
                hint = did_you_mean(name, self.parameters)
                raise RunnerError("bad_argument", f"{self.name} has no parameter {name}{hint}")
            _check_type(name, value, self.parameters[name].type)
        values = {name: parameter.default for name, parameter in self.parameters.items()}
        values.update(arguments)
        missing = sorted(name for name, value in values.items() if value is None)
        if missing:
            raise RunnerError("bad_argument", f"{self.name} needs a value for {', '.join(missing)}")
        return values


def is_supported_type(name: str) -> bool:
    """Whether values of Kubeflow's type `name` have one text, the same here as on a cluster."""
    return name in _PYTHON_TYPES


def _check_type(name: str, value: object, kind: str) -> None:
    is_flag = isinstance(value, bool)  # which Python counts among the numbers
    if not isinstance(value, _PYTHON_TYPES[kind]) or is_flag != (kind == "BOOLEAN"):
        raise RunnerError("bad_argument", f"{name} takes a {kind}, got {value!r}")


def _bound(step: Step, run_id: str, values: Mapping[str, Any]) -> Step:
    given = {name: _resolved(source, run_id, values) for name, source in step.inputs.items()}

    def input_text(found: re.Match[str]) -> str:
        if found[1] not in given:
            raise unsupported_step(f"step {step.display_name}", f"the placeholder {found[0]}")
        return _text(given[found[1]])

    for found in OUTPUT.finditer(" ".join(step.command)):
        if found[1] not in step.outputs:
            raise unsupported_step(f"step {step.display_name}", f"the placeholder {found[0]}")
    command = tuple(_INPUT.sub(input_text, word) for word in step.command)
    return dataclasses.replace(step, command=command, inputs={}, values=given)


def _resolved(source: Source, run_id: str, values: Mapping[str, Any]) -> Any:
    if source.parameter:
        return values[source.parameter]
    return run_id if source.constant == RUN_ID else source.constant


def _text(value: str | float | bool) -> str:
    """A value as Kubeflow's launcher writes it into a command line: no exponent, no `.0`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    digits = format(decimal.Decimal(repr(float(value))), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def unknown_placeholder(word: str) -> str:
    """What in a word of a command line is no text, input or output; empty if nothing is."""
    if word.startswith(('{"Concat":', '{"IfPresent":')):
        return word
    known = OUTPUT.sub("", _INPUT.sub("", word)).replace(EXECUTOR_INPUT, "")
    _, opening, rest = known.partition("{{$")
    return opening + rest
