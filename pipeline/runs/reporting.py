"""Makes the run report out of the run's journal alone, so that every run has one however it ended.

Writes it into the run's folder, and reads it there.
"""

import collections
import datetime
import pathlib
from collections.abc import Mapping
from typing import Any

from pipeline.runs import events
from pipeline.runs.events import Outcome
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import RunFollower
from pipeline.runs.state import RunState
from schemas import files
from schemas.run_report import (
    Blessings,
    EvaluationSummary,
    NodeResult,
    NodeState,
    PushedVersion,
    RunError,
    RunReport,
    SplitCounts,
    Status,
    VideoCounts,
)


def summarize(state: RunState, *, run_dir: pathlib.Path, log: pathlib.Path) -> RunReport:
    """Builds the report of a run.

    Args:
      state: All events of the run; its first event must be among them.
      run_dir: Folder of the run.
      log: File that holds the output of its processes.

    Raises:
      ValueError: The journal does not tell how the run started.
    """
    if state.start is None:
        raise ValueError(f"the journal of {run_dir} does not tell how the run started")
    facts = _Facts(state)
    status = _status(state, facts)
    evaluation = facts.evaluation()
    blessed = _blessed(facts, evaluation)
    is_pushed = status is Status.PUSHED
    return RunReport(
        run_id=state.start.run_id,
        pipeline=state.start.pipeline,
        notice=state.start.notice,
        status=status,
        started=_whole_seconds(state.start.time),
        finished=_whole_seconds(state.ended),
        seconds=round(state.ended - state.start.time, 1),
        nodes=tuple(
            NodeResult(id=node.id, state=node.state, seconds=round(node.seconds, 2))
            for node in state.nodes.values()
        ),
        videos=facts.videos(),
        splits=facts.splits(state.start.num_clips),
        evaluation=evaluation,
        blessed=blessed,
        pushed=_pushed(facts) if is_pushed else None,
        not_pushed_because=() if is_pushed else _why_not(state, facts, blessed),
        error=_error(state.error) if state.error else None,
        run_dir=str(run_dir),
        log=str(log),
    )


def of_run(folder: RunFolder, state: RunState | None = None) -> RunReport:
    """The report of a run: as it was written, else what its journal comes to so far.

    Args:
      folder: Folder of the run.
      state: What the journal adds up to; read where it is not given.

    Raises:
      ValueError: The file is no report, or there is none and the journal does not tell how the run
        started.
    """
    report = read(folder)
    if report is not None:
        return report
    state = state or RunState(RunFollower(folder).read())
    return summarize(state, run_dir=folder.path, log=folder.log)


def read(folder: RunFolder) -> RunReport | None:
    """The report of a run as it was written; None where it was not.

    Raises:
      ValueError: The file is no report.
    """
    if not folder.summary.is_file():
        return None
    return RunReport.from_json(folder.summary.read_text(encoding="utf-8"))


def write(path: pathlib.Path, report: RunReport) -> None:
    """Writes the report as JSON; whoever reads sees all of it or none."""
    files.write(path, report.to_json() + "\n")


class _Facts:
    """What the nodes said of their outputs, in the order of execution."""

    def __init__(self, state: RunState) -> None:
        self._all = [node.facts for node in state.nodes.values()]

    def find(self, key: str) -> Mapping[str, Any]:
        """The first node's facts under `key`; empty if there are none."""
        return next((facts[key] for facts in self._all if key in facts), {})

    def evaluation(self) -> EvaluationSummary | None:
        """What was evaluated; what ML Metadata says of its blessing, not TFMA, is what counts."""
        found = self.find("evaluation")
        if not found:
            return None
        blessed = bool(self.find("model_blessing").get("blessed"))
        return EvaluationSummary.from_mapping({**found, "blessed": blessed})

    def videos(self) -> VideoCounts | None:
        """Videos that came in, were rejected (by code, over all stages) and are left."""
        letters = [facts["letters"] for facts in self._all if "letters" in facts]
        if not letters:
            return None
        rejected: collections.Counter[str] = collections.Counter()
        for stage in letters:
            rejected.update(stage["by_code"])
        # The later stages look only at what the first let through.
        num_in = max(stage["num_inputs"] for stage in letters)
        return VideoCounts(
            num_in=num_in,
            num_accepted=num_in - rejected.total(),
            rejected=dict(sorted(rejected.items())),
        )

    def splits(self, num_clips: int) -> dict[str, SplitCounts]:
        """Videos, tracks and clips by split."""
        return {
            split: SplitCounts(**counts, clips=counts["tracks"] * num_clips)
            for split, counts in self.find("tracks").items()
        }


def _status(state: RunState, facts: _Facts) -> Status:
    if state.outcome is Outcome.INTERRUPTED:
        return Status.INTERRUPTED
    if state.outcome is not Outcome.FINISHED:
        return Status.FAILED
    push = facts.find("push")
    if push.get("pushed") and push.get("present"):
        return Status.PUSHED
    skipped = any(node.state is NodeState.SKIPPED for node in state.nodes.values())
    return Status.PARTIAL if skipped and not push else Status.NOT_BLESSED


def _blessed(facts: _Facts, evaluation: EvaluationSummary | None) -> Blessings:
    infra = facts.find("infra_blessing")
    found = infra.get("reasons", ()) if not infra.get("blessed", True) else ()
    return Blessings(
        model=facts.find("model_blessing").get("blessed"),
        infra=infra.get("blessed"),
        reasons=(
            *(f"model: {reason}" for reason in (evaluation.reasons if evaluation else ())),
            *(f"serving: {reason}" for reason in found),
        ),
    )


def _pushed(facts: _Facts) -> PushedVersion:
    push = facts.find("push")
    return PushedVersion(version=push["version"], path=push["path"])


def _why_not(state: RunState, facts: _Facts, blessed: Blessings) -> tuple[str, ...]:
    """Why nothing was pushed; never empty."""
    push = facts.find("push")
    if state.outcome is Outcome.INTERRUPTED:
        return ("the run was interrupted",)
    if state.outcome is not Outcome.FINISHED:
        return (f"{state.error.node or 'the run'} failed" if state.error else "the run died",)
    if push.get("pushed"):
        return (f"version {push['version']} was pushed earlier, but {push['path']} is gone",)
    if blessed.reasons:
        return blessed.reasons
    if push.get("refused_because"):
        return (push["refused_because"],)
    return ("Pusher gave no reason" if push else "Pusher was not among the nodes to run",)


def _error(failed: events.Failed) -> RunError:
    return RunError(
        node=failed.node,
        type=failed.type,
        code=failed.code,
        message=failed.message,
        advice=failed.advice,
    )


def _whole_seconds(seconds: float) -> datetime.datetime:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.replace(microsecond=0)
