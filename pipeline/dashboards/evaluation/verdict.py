"""The tiles: what an editor wants to know before anything else."""

from collections.abc import Iterator

from pipeline.dashboards.evaluation.findings import Findings
from pipeline.dashboards.headline import HEADLINES, Headline
from pipeline.dashboards.tables import UNDEFINED, Tile
from pipeline.evaluation.summary import OVERALL, Estimate, SliceSummary


def tiles(findings: Findings) -> tuple[Tile, ...]:
    """The verdict, the headline metrics and how many videos they rest on."""
    overall = findings.overall
    if overall is None:
        return (_verdict(findings),)
    baseline = findings.baseline.get(OVERALL)
    return (
        _verdict(findings),
        *(_metric(metric, overall, baseline) for metric in HEADLINES),
        Tile(
            label="Test videos",
            value=f"{overall.num_videos:,}",
            note=f"{overall.num_fake_videos:,} fake, {overall.num_real_videos:,} real",
        ),
    )


def _verdict(findings: Findings) -> Tile:
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
    yield bounds(found) or "no interval: resamples are all alike"
    if before is not None:
        yield f"baseline {before.value:.3f} ({found.value - before.value:+.3f})"


def bounds(found: Estimate) -> str:
    """The interval in brackets; empty where the sample cannot tell one."""
    if found.lower is None or found.upper is None:
        return ""
    return f"[{found.lower:.3f}, {found.upper:.3f}]"
