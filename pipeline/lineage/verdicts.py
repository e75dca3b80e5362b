"""Tells why a model was blessed or not: gates with value, bound and baseline; serving checks."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from components.serving_validator import keys as serving_keys
from pipeline.lineage import names, side_files
from pipeline.lineage.names import Push
from pipeline.lineage.records import CACHED, Artifact, Execution, Link
from pipeline.lineage.store import Store
from schemas.errors import FilesGoneError
from schemas.names import INFRA_BLESSING, MODEL_BLESSING, MODEL_EVALUATION
from schemas.run_report import Estimate, EvaluationSummary, Gate

_BASELINE: Final = "baseline_model"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One evaluation of a model.

    Attributes:
      run: Id of the run in which the model was evaluated.
      artifact_id: Id of the ModelEvaluation artifact.
      blessed: Whether the model was blessed; None where there is no ModelBlessing.
      baseline_id: Of the model it was compared with, None without one.
      baseline_versions: Under which that was pushed.
      gates: All gates that applied, broken ones first.
      overall: Estimates by metric, over all test videos.
      unread: Why gates and metrics are unknown; empty where they could be read.
    """

    run: str
    artifact_id: int
    blessed: bool | None
    baseline_id: int | None
    baseline_versions: tuple[str, ...]
    gates: tuple[Gate, ...]
    overall: Mapping[str, Estimate]
    unread: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServingCheck:
    """One trial of a model in a server: `findings` are faults, `unread` why they are unknown."""

    run: str
    artifact_id: int
    blessed: bool
    findings: tuple[str, ...]
    unread: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """Everything that was judged of one model, oldest first; the last of each kind counts."""

    model_id: int
    evaluations: tuple[Evaluation, ...]
    serving_checks: tuple[ServingCheck, ...]
    pushes: tuple[Push, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions under which the model was pushed."""
        return names.versions(self.pushes)


def why(store: Store, name: str) -> Verdict:
    """The verdict on the model `name`, as `names.model` reads it.

    Raises:
      LineageError: It means no model, or several.
    """
    return of_model(store, names.model(store, name).id)


def of_model(store: Store, model_id: int) -> Verdict:
    """The verdict on the model of that id."""
    judged = _Judged(store, model_id)
    baselines = [identity for e in judged.executions if (identity := judged.baseline_id(e))]
    pushed = names.by_model(store, {model_id, *baselines})
    return Verdict(
        model_id=model_id,
        evaluations=tuple(
            _evaluation(judged, execution, artifact, pushed)
            for execution, artifact in judged.made(MODEL_EVALUATION)
        ),
        serving_checks=tuple(
            _serving_check(execution, artifact)
            for execution, artifact in judged.made(INFRA_BLESSING)
        ),
        pushes=pushed.get(model_id, ()),
    )


class _Judged:
    """The executions that read a model as such (not as a baseline), and what they made."""

    def __init__(self, store: Store, model_id: int) -> None:
        read = [
            link
            for link in store.links_of_artifacts([model_id])
            if not link.is_output and link.key == serving_keys.MODEL
        ]
        found = store.executions(sorted({link.execution_id for link in read}))
        self.executions: Sequence[Execution] = [e for e in found.values() if e.state != CACHED]
        links = store.links_of_executions(execution.id for execution in self.executions)
        self._links: Sequence[Link] = links
        self._artifacts = store.artifacts(link.artifact_id for link in links if link.is_output)

    def made(self, type_name: str) -> list[tuple[Execution, Artifact]]:
        """Executions with their artifacts of a type."""
        return [
            (execution, artifact)
            for execution in self.executions
            for link in self._links
            if link.execution_id == execution.id
            and link.is_output
            and (artifact := self._artifacts[link.artifact_id]).type == type_name
        ]

    def baseline_id(self, execution: Execution) -> int | None:
        """The model that the execution compared with."""
        found = (
            link.artifact_id
            for link in self._links
            if link.execution_id == execution.id and link.key == _BASELINE and not link.is_output
        )
        return next(found, None)

    def blessed(self, execution: Execution) -> bool | None:
        """What the execution's ModelBlessing says."""
        found = [a for e, a in self.made(MODEL_BLESSING) if e.id == execution.id]
        return _says_blessed(found[0]) if found else None


def _evaluation(
    judged: _Judged,
    execution: Execution,
    artifact: Artifact,
    pushed: Mapping[int, Sequence[Push]],
) -> Evaluation:
    baseline = judged.baseline_id(execution)
    found: EvaluationSummary | None = None
    unread = ""
    try:
        found = _results(execution, artifact)
    except FilesGoneError as error:
        unread = str(error)
    return Evaluation(
        run=execution.run,
        artifact_id=artifact.id,
        blessed=judged.blessed(execution),
        baseline_id=baseline,
        baseline_versions=names.versions(pushed.get(baseline, ())) if baseline else (),
        gates=found.gates if found else (),
        overall=found.overall.metrics if found and found.overall else {},
        unread=unread,
    )


def _results(execution: Execution, artifact: Artifact) -> EvaluationSummary:
    """Gates and metrics: of the run's report, which is quick to read, or of TFMA's files.

    Raises:
      FilesGoneError: Neither is there.
    """
    report = side_files.run_report(artifact, execution)
    if report is not None and report.evaluation and report.evaluation.gates:
        return report.evaluation
    side_files.expect(artifact, "eval_config.json")
    # TFMA takes seconds to import, and most evaluations have a report beside them.
    from pipeline.evaluation import results

    return results.load(artifact.uri)


def _serving_check(execution: Execution, artifact: Artifact) -> ServingCheck:
    findings: tuple[str, ...] = ()
    unread = ""
    try:
        found = side_files.report(artifact, serving_keys.REASONS_FILE)
        findings = tuple(str(entry["message"]) for entry in found[serving_keys.REASONS])
    except FilesGoneError as error:
        unread = str(error)
    return ServingCheck(
        run=execution.run,
        artifact_id=artifact.id,
        blessed=_says_blessed(artifact),
        findings=findings,
        unread=unread,
    )


def _says_blessed(artifact: Artifact) -> bool:
    return artifact.properties.get(serving_keys.BLESSED) == 1
