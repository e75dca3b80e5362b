"""What Kubeflow's launcher does around a step that makes artifacts.

It fills the placeholders of outputs, and when the command has succeeded it reads what the command
wrote of them, strictly: a step whose word cannot be read has failed (kubeflow/pipelines 2.x,
`backend/src/v2/component/launcher_v2.go`). It knows no `{{$.outputs.output_file}}`.
"""

import json
import logging
import pathlib
import shutil
from collections.abc import Mapping
from typing import Final, NoReturn

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners.emulation.processes import StepProcess
from pipeline.runners.emulation.step_plan import EXECUTOR_INPUT, OUTPUT, Step
from schemas.errors import RunnerError

COLLECTED: Final = "artifacts.json"
BAD_OUTPUT: Final = 1  # as the launcher, which fails without the command's own status
_OUTPUT_FILE: Final = "output_metadata.json"

_LOGGER: Final = logging.getLogger(__name__)


class BadOutputError(RunnerError):
    """A step wrote of its artifacts what Kubeflow's launcher cannot read."""

    code = "bad_output"


class StepOutputs:
    """The artifacts of one attempt of a step, in a folder that each attempt finds empty.

    Every artifact is one file or folder, named like it. After `collect`, `artifacts.json` holds
    all of them as an `ExecutorOutput` message: name, type, address, and the metadata of the step.

    Args:
      step: Bound to the run.
      folder: Of its artifacts.
    """

    def __init__(self, step: Step, folder: pathlib.Path) -> None:
        self._step = step
        self._folder = folder
        self._given = _executor_input(step, folder)

    def prepare(self) -> tuple[str, ...]:
        """Empties the folder; returns the command line without placeholders."""
        if self._folder.exists():
            shutil.rmtree(self._folder)
        if self._step.outputs:
            self._folder.mkdir(parents=True)
        whole = json_format.MessageToJson(self._given, indent=None)
        return tuple(
            # On one machine the path of an artifact and its URI are the same.
            OUTPUT.sub(lambda found: str(self._folder / found[1]), word).replace(
                EXECUTOR_INPUT, whole
            )
            for word in self._step.command
        )

    def collect(self) -> None:
        """Reads what the step wrote, and keeps it with what was known before.

        Raises:
          BadOutputError: It is not the JSON of an `ExecutorOutput`, or tells of other artifacts.
        """
        if not self._step.outputs:
            return
        said = _read(pathlib.Path(self._given.outputs.output_file), self._step.display_name)
        if strange := sorted(said.artifacts.keys() - self._step.outputs.keys()):
            raise BadOutputError(
                "bad_output", f"{self._step.display_name} has no output {', '.join(strange)}"
            )
        kept = pipeline_spec_pb2.ExecutorOutput()
        for name, declared in self._given.outputs.artifacts.items():
            kept.artifacts[name].CopyFrom(declared)
            [artifact] = kept.artifacts[name].artifacts
            for told in said.artifacts[name].artifacts[:1]:  # the launcher reads no other
                artifact.uri = told.uri or artifact.uri
                artifact.metadata.MergeFrom(told.metadata)
        text = json_format.MessageToJson(kept)
        (self._folder / COLLECTED).write_text(f"{text}\n", encoding="utf-8")


class StepWithOutputs(StepProcess):
    """A running command that has succeeded only once its artifacts are collected."""

    def __init__(
        self, outputs: StepOutputs, variables: Mapping[str, str], log: pathlib.Path
    ) -> None:
        super().__init__(outputs.prepare(), variables, log)
        self._outputs = outputs

    def poll(self) -> int | None:
        """Exit status as of any step, or that of the launcher where the artifacts are no good."""
        status = super().poll()
        if status != 0:
            return status
        try:
            self._outputs.collect()
        except BadOutputError as error:
            _LOGGER.error("%s: %s", error.code, error)
            return BAD_OUTPUT
        return status


def _executor_input(step: Step, folder: pathlib.Path) -> pipeline_spec_pb2.ExecutorInput:
    given = pipeline_spec_pb2.ExecutorInput()
    for name, value in step.values.items():
        json_format.Parse(json.dumps(value), given.inputs.parameter_values[name])
    for name, title in step.outputs.items():
        artifact = given.outputs.artifacts[name].artifacts.add(
            name=name, uri=str(folder / name), metadata={}
        )
        artifact.type.schema_title = title
    given.outputs.output_file = str(folder / _OUTPUT_FILE)
    return given


def _read(path: pathlib.Path, step: str) -> pipeline_spec_pb2.ExecutorOutput:
    """What the step said; nothing where it wrote no file."""
    said = pipeline_spec_pb2.ExecutorOutput()
    if not path.is_file():
        return said
    try:
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        return json_format.ParseDict(values, said)
    except (ValueError, json_format.ParseError) as error:
        raise BadOutputError(
            "bad_output", f"{step} wrote {path}, which Kubeflow cannot read: {error}"
        ) from error


def _refuse(constant: str) -> NoReturn:
    """Python would read NaN and Infinity; the launcher does not."""
    raise ValueError(f"{constant} is no JSON")
