"""The evaluation page: how well the model does, on whom, and how far the figures can be trusted."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pipeline.dashboards.errors import PanelDataError
from pipeline.dashboards.evaluation import (
    calibration,
    confusion,
    findings,
    gate_table,
    histograms,
    leave_one_out,
    ranking,
    risk_coverage,
    robustness,
    scatter,
    slice_table,
    timeline,
    verdict,
)
from pipeline.dashboards.evaluation.findings import Findings
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.sources import RunSources
from pipeline.journal.run_folder import RunFolder

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Broken:
    """A panel whose data breaks its contract: what stands in its place."""

    code: str
    message: str


def content(sources: RunSources) -> Content | Absent:
    """The page of one run; Absent, with the reason, for one that was not evaluated."""
    found = findings.of(sources)
    if found is None:
        return _absent(sources)
    values = {
        **_tables(found),
        **_curves(found),
        **_scatters(found),
        "timeline": timeline.of(sources),
        "robustness": _unless_broken(robustness.of, sources.folder),
        "leave_one_out": _unless_broken(leave_one_out.of, sources.folder),
    }
    return Content(template="evaluation.html", values=values)


def _tables(found: Findings) -> Mapping[str, Any]:
    return {
        "tiles": verdict.tiles(found),
        "broken_gates": gate_table.broken(found.summary),
        "held_gates": gate_table.held(found.summary),
        "slices": slice_table.of(found) if found.summary.slices else None,
        "has_baseline": found.summary.has_baseline,
        "confidence": f"{100 * found.settings.confidence_level:g} %",
    }


def _curves(found: Findings) -> Mapping[str, Any]:
    """What an evaluation that was made without curves has not."""
    if not found.curves:
        return {"curves": None}
    return {
        "curves": {
            "group": findings.SLICE_GROUP,
            "slices": list(found.curves),
            "roc": ranking.roc(found),
            "det": ranking.detection_error_tradeoff(found),
            "precision_recall": ranking.precision_recall(found),
            "scores": histograms.scores(found),
            "reliability": calibration.reliability(found),
            "risk_coverage": risk_coverage.abstention(found),
            "confusion": confusion.slider(found),
            "operating_points": confusion.at_operating_points(found),
        }
    }


def _scatters(found: Findings) -> Mapping[str, Any]:
    """Slices in the plane; a single slice makes no cloud."""
    several = len(found.summary.slices) > 1
    return {
        "scatter": scatter.of_pairs(found) if several else None,
        "pairs": scatter.pairs(),
        "pair_group": scatter.PAIR_GROUP,
        "changes": scatter.against_baseline(found) if several and found.baseline else None,
        "is_like_baseline": _is_like_baseline(found),
        "changed_metrics": scatter.metrics(),
        "metric_group": scatter.METRIC_GROUP,
        "timeline_group": timeline.METRIC_GROUP,
    }


def _is_like_baseline(found: Findings) -> bool:
    """Whether every figure is the baseline's: so it is where the last blessed model came again."""
    before = {name: entry.metrics for name, entry in found.baseline.items()}
    return bool(before) and before == {one.name: one.metrics for one in found.summary.slices}


def _unless_broken(read: Callable[[RunFolder], T], folder: RunFolder) -> T | Broken:
    try:
        return read(folder)
    except PanelDataError as error:
        return Broken(code=error.code, message=str(error))


def _absent(sources: RunSources) -> Absent:
    summary = sources.summary
    if sources.is_running:
        return Absent(reason="The run has not evaluated its model yet.")
    if summary["metrics"]:
        return Absent(
            reason="The run evaluated its model, but the files of the evaluation are gone.",
            advice="What it found in short is on the page of the run.",
        )
    if summary["error"]:
        error = summary["error"]
        where = f"{error['node']} failed" if error["node"] else "The run failed"
        return Absent(
            reason=f"The run evaluated no model. {where}: {error['message']}",
            advice=error["advice"] or "",
        )
    reasons = "; ".join(summary["not_pushed_because"])
    return Absent(reason=f"The run evaluated no model: {reasons or summary['status']}.")
