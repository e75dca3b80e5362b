"""What a run report says of the evaluation, as the types of `pipeline.evaluation`."""

from collections.abc import Mapping
from typing import Any

from pipeline.evaluation.summary import Estimate, EvaluationSummary, Gate, SliceSummary


def of(report: Mapping[str, Any]) -> EvaluationSummary | None:
    """The evaluation in a run report; None where the run did not come to it."""
    found = report["metrics"]
    if not found:
        return None
    slices = [*([found["overall"]] if found["overall"] else []), *found["slices"]]
    return EvaluationSummary(
        blessed=bool(report["blessed"]["model"]),
        has_baseline=bool(report["baseline_compared"]),
        slices=tuple(_slice(entry) for entry in slices),
        gates=tuple(Gate(**gate) for gate in report["gates"]),
    )


def _slice(entry: Mapping[str, Any]) -> SliceSummary:
    metrics = {name: Estimate(**estimate) for name, estimate in entry["metrics"].items()}
    return SliceSummary(**{**entry, "metrics": metrics})
