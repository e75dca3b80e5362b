"""Run reports that say what a test is about, and nothing else."""

import datetime
from collections.abc import Iterable
from typing import Any

from schemas.run_report import EvaluationSummary, Gate, RunError, RunReport, SliceSummary, Status

STARTED = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def report(**changes: Any) -> RunReport:
    """A run of a minute that ended before Pusher and reached nothing else."""
    facts = {"run_id": "r", "pipeline": "made", "status": Status.PARTIAL, "seconds": 60.0}
    finished = STARTED + datetime.timedelta(minutes=1)
    return RunReport(**{**facts, "started": STARTED, "finished": finished, **changes})


def failed(node: str, message: str, advice: str = "", **changes: Any) -> RunReport:
    """A run that failed at `node`."""
    error = RunError(node=node, type="MadeError", code="made", message=message, advice=advice)
    return report(status=Status.FAILED, error=error, **changes)


def evaluated(slices: Iterable[SliceSummary] = (), gates: Iterable[Gate] = ()) -> RunReport:
    """A run whose model was evaluated."""
    found = EvaluationSummary(
        blessed=True, has_baseline=False, slices=tuple(slices), gates=tuple(gates)
    )
    return report(evaluation=found)
