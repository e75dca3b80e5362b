"""The evaluation page: how well the model does, on whom, and how far the figures can be trusted."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.dashboards.evaluation import findings as evaluation_findings
from pipeline.dashboards.evaluation import (
    gate_table,
    ranking,
    reliability,
    risk_coverage,
    scores,
    slices,
    timeline,
)
from pipeline.dashboards.evaluation.findings import Findings, interval_bounds
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import HEADLINES, UNDEFINED, Headline, Tile
from schemas.run_report import OVERALL, Estimate, SliceSummary


def headline_tiles(findings: Findings) -> tuple[Tile, ...]:
    """The judgement of the gates, the headline metrics and how many videos they rest on."""
    overall = findings.overall
    if overall is None:
        return (_judgement(findings),)
    baseline = findings.baseline.get(OVERALL)
    return (
        _judgement(findings),
        *(_metric(metric, overall, baseline) for metric in HEADLINES),
        Tile(
            label="Test videos",
            value=f"{overall.num_videos:,}",
            note=f"{overall.num_fake_videos:,} fake, {overall.num_real_videos:,} real",
        ),
    )


def _judgement(findings: Findings) -> Tile:
    summary = findings.summary
    if summary.blessed:
        return Tile(label="Gates", value="Passed", note="every gate holds", tone="good")
    first, *others = summary.reasons or ("TFMA gave no reason",)
    more = f" (and {len(others)} more)" if others else ""
    return Tile(label="Gates", value="Not passed", note=f"{first}{more}", tone="bad")


def _metric(metric: Headline, overall: SliceSummary, baseline: SliceSummary | None) -> Tile:
    found = overall.metrics.get(metric.name)
    if found is None:
        return Tile(label=metric.title, value=UNDEFINED, note="undefined here", tone="faint")
    before = baseline.metrics.get(metric.name) if baseline else None
    return Tile(
        label=metric.title,
        value=f"{found.value:.3f}",
        note="; ".join(_notes(found, before)),
    )


def _notes(found: Estimate, before: Estimate | None) -> Iterator[str]:
    yield interval_bounds(found) or "no interval: resamples are all alike"
    if before is not None:
        yield f"baseline {before.value:.3f} ({found.value - before.value:+.3f})"


def content(sources: RunSources) -> Content | Absent:
    """The page of one run; Absent, with the reason, for one that was not evaluated."""
    found = evaluation_findings.of(sources)
    if found is None:
        return _absent(sources)
    values = {
        **_tables(found),
        **_curves(found),
        **_scatters(found),
        "timeline": timeline.of(sources),
    }
    return Content(template="evaluation.html", values=values)


def _tables(found: Findings) -> Mapping[str, Any]:
    return {
        "tiles": headline_tiles(found),
        "broken_gates": gate_table.broken(found.summary),
        "held_gates": gate_table.held(found.summary),
        "slices": slices.slice_table(found) if found.summary.slices else None,
        "has_baseline": found.summary.has_baseline,
        "confidence": f"{100 * found.settings.confidence_level:g} %",
    }


def _curves(found: Findings) -> Mapping[str, Any]:
    """Panels drawn from curves; None in their place where the evaluation has no curves."""
    if not found.curves:
        return {"curves": None}
    return {
        "curves": {
            "group": evaluation_findings.SLICE_GROUP,
            "slices": list(found.curves),
            "roc": ranking.roc(found),
            "det": ranking.detection_error_tradeoff(found),
            "precision_recall": ranking.precision_recall(found),
            "scores": scores.score_histogram(found),
            "reliability": reliability.diagram(found),
            "risk_coverage": risk_coverage.abstention(found),
            "confusion": scores.threshold_slider(found),
            "operating_points": scores.at_operating_points(found),
        }
    }


def _scatters(found: Findings) -> Mapping[str, Any]:
    """Slices in the plane; a single slice makes no cloud."""
    several = len(found.summary.slices) > 1
    return {
        "scatter": slices.of_pairs(found) if several else None,
        "pairs": slices.pairs(),
        "pair_group": slices.PAIR_GROUP,
        "changes": slices.against_baseline(found) if several and found.baseline else None,
        "is_like_baseline": _is_like_baseline(found),
        "changed_metrics": slices.metrics(),
        "metric_group": slices.METRIC_GROUP,
        "timeline_group": timeline.METRIC_GROUP,
    }


def _is_like_baseline(found: Findings) -> bool:
    """Whether all figures equal the baseline's, as where the model is the baseline itself."""
    before = {name: entry.metrics for name, entry in found.baseline.items()}
    return bool(before) and before == {one.name: one.metrics for one in found.summary.slices}


def _absent(sources: RunSources) -> Absent:
    report = sources.report
    if sources.is_running:
        return Absent(reason="The run has not evaluated its model yet.")
    if report.evaluation:
        return Absent(
            reason="The run evaluated its model, but the files of the evaluation are gone.",
            advice="What it found in short is on the page of the run.",
        )
    error = report.error
    if error:
        where = f"{error.node} failed" if error.node else "The run failed"
        return Absent(
            reason=f"The run evaluated no model. {where}: {error.message}", advice=error.advice
        )
    reasons = "; ".join(report.not_pushed_because)
    return Absent(reason=f"The run evaluated no model: {reasons or report.status.value}.")
