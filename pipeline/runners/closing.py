"""The last step of a Kubeflow run: the report, whatever happened. Imports no TFX."""

from rich.console import Console

from pipeline.runs import events, reporting, summary_table
from pipeline.runs.events import Outcome
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Journal, RunFollower
from pipeline.runs.state import RunState
from schemas.errors import RunnerError
from schemas.run_report import NodeState, RunReport

_ENDED_WELL = (NodeState.RAN, NodeState.CACHED, NodeState.SKIPPED)

_LOG_WIDTH = 100


def report(folder: RunFolder) -> RunReport:
    """Closes the journal of a run, writes its report, prints and returns it.

    Raises:
      RunnerError: `no_journal`: The run left nothing on this volume: its first step never began.
    """
    state = RunState(RunFollower(folder).read())
    journal = Journal(folder.journal)
    if not folder.path.is_dir():
        raise RunnerError(
            "no_journal",
            f"no folder {folder.path}: the step `prepare` did not begin; see its pod (image,"
            " volume, service account)",
        )
    if state.start is None:  # `prepare` failed
        journal.append(events.RunStarted(run_id=folder.run_id, pipeline=""))
    for event in _closing_events(state):
        journal.append(event)
    found = reporting.summarize(
        RunState(RunFollower(folder).read()), run_dir=folder.path, log=folder.log
    )
    reporting.write(folder.summary, found)
    Console(width=_LOG_WIDTH, highlight=False).print(summary_table.render(found))
    return found


def _closing_events(state: RunState) -> list[events.Event]:
    """Events that no step could write itself; none where the run is closed already."""
    if state.outcome is not None:
        return []
    missing = [node for node in state.nodes.values() if node.state not in _ENDED_WELL]
    if state.nodes and not missing:
        return [events.RunEnded(outcome=Outcome.FINISHED)]
    if any(node.state is NodeState.INTERRUPTED for node in missing):
        return [events.RunEnded(outcome=Outcome.INTERRUPTED)]
    ended = events.RunEnded(outcome=Outcome.FAILED)
    if state.error is not None or not missing:
        return [ended]
    begun = [node for node in missing if node.state is NodeState.RUNNING]
    lost = (begun or missing)[0]
    what = "ended without a word" if begun else "never began"
    return [
        events.Failed(
            node=lost.id,
            type="StepLost",
            code="step_lost",
            message=f"the step of {lost.id} {what}: killed, out of memory, not"
            " scheduled, or the run was ended",
            advice="Look at the events and the log of its pod, then retry the run: finished nodes"
            " are not run again.",
        ),
        ended,
    ]
