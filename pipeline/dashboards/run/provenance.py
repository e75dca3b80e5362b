"""What made a model, who judged it and where it went, as tables."""

import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.dashboards import tables
from pipeline.dashboards.evaluation import gate_table
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.lineage.names import Push
from pipeline.lineage.records import CACHED, COMPLETE
from pipeline.lineage.show import Provenance
from pipeline.lineage.verdicts import Evaluation, ServingCheck, Verdict
from schemas.run_report import EvaluationSummary

DIGEST_LETTERS: Final = 12
_STATES: Final = {COMPLETE: "done", CACHED: "from the cache"}


def run_cell(sources: RunSources, run: str) -> Cell:
    """A run; a link where its pages may be, that is where its folder is."""
    if not run:
        return tables.text("unknown", tone="faint")
    if run == sources.run_id:
        return Cell(text=run, note="this run")
    has_pages = (sources.output / run).is_dir()
    return tables.text(run, href=f"../{urllib.parse.quote(run)}/index.html" if has_pages else "")


def steps(sources: RunSources, provenance: Provenance) -> Table:
    """The executions that the model came through, oldest first."""
    return Table(
        caption="Steps that made, judged and pushed the model, oldest first",
        columns=[
            Column(title="Step"),
            Column(title="Run"),
            Column(title="State"),
            Column(title="Began (UTC)"),
            Column(
                title="Code",
                help="Start of the digest of the sources; empty where TFX's own code ran.",
            ),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(step.node),
                    run_cell(sources, step.run),
                    tables.text(_STATES.get(step.state, step.state.lower())),
                    tables.text(step.began.replace("T", " ").removesuffix("+00:00")),
                    tables.text(step.code_fingerprint[:DIGEST_LETTERS]),
                ]
            )
            for step in provenance.steps
        ],
    )


def artifacts(provenance: Provenance) -> Table:
    """From the model back to its videos."""
    return Table(
        caption="Artifacts from the model back to its videos",
        columns=[
            Column(title="Artifact"),
            Column(title="Id", kind="number"),
            Column(title="State"),
            Column(title="Folder"),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(place.type),
                    Cell(text=str(place.artifact_id), sort=place.artifact_id),
                    tables.text(place.state.lower()),
                    tables.text(place.uri),
                ]
            )
            for place in provenance.artifacts
        ],
    )


def videos(provenance: Provenance) -> Table | None:
    """Videos by split and class; None where the manifest is gone."""
    if not provenance.videos:
        return None
    rows = []
    for split, counts in provenance.videos.items():
        fakes, reals = counts.get("fake", 0), counts.get("real", 0)
        figures = [tables.number(number) for number in (fakes, reals, fakes + reals)]
        rows.append(Row(cells=[tables.text(split), *figures]))
    return Table(
        caption="Accepted videos by split",
        columns=[
            Column(title="Split"),
            *(Column(title=title, kind="number") for title in ("Fake", "Real", "All")),
        ],
        rows=rows,
        is_sortable=False,
    )


def named(caption: str, titles: tuple[str, str], values: Mapping[str, object]) -> Table | None:
    """A table of names and values; None where there are none."""
    if not values:
        return None
    rows = []
    for name, value in values.items():
        shown = tables.number(value) if isinstance(value, int) else tables.text(value)
        rows.append(Row(cells=[tables.text(name), shown]))
    is_number = all(isinstance(value, int) for value in values.values())
    kind = Column(title=titles[1], kind="number" if is_number else "text")
    columns = [Column(title=titles[0]), kind]
    return Table(caption=caption, columns=columns, rows=rows, is_sortable=False)


def evaluations(sources: RunSources, verdict: Verdict) -> Table | None:
    """Every evaluation of the model, oldest first; None if it had none."""
    if not verdict.evaluations:
        return None
    return Table(
        caption="Evaluations of this model, oldest first; the last one counts",
        columns=[
            Column(title="Run"),
            Column(title="Judgement"),
            Column(title="Gates", kind="number"),
            Column(title="Broken", kind="number"),
            Column(title="Compared with"),
        ],
        rows=[
            Row(
                cells=[
                    run_cell(sources, entry.run),
                    _judgement(entry.blessed),
                    tables.number(len(entry.gates)),
                    tables.number(sum(not gate.passed for gate in entry.gates)),
                    tables.text(_baseline(entry)),
                ]
            )
            for entry in verdict.evaluations
        ],
        is_sortable=False,
    )


def gates(evaluation: Evaluation) -> Table | None:
    """The gates of an evaluation; None where they could not be read."""
    if not evaluation.gates:
        return None
    return gate_table.of(
        EvaluationSummary(
            blessed=bool(evaluation.blessed),
            has_baseline=evaluation.baseline_id is not None,
            slices=(),
            gates=evaluation.gates,
        )
    )


def serving_checks(sources: RunSources, checks: Sequence[ServingCheck]) -> Table | None:
    """Every trial in a server, oldest first; None if there was none."""
    if not checks:
        return None
    return Table(
        caption="Trials in a server, oldest first",
        columns=[Column(title="Run"), Column(title="Judgement"), Column(title="Findings")],
        rows=[
            Row(
                cells=[
                    run_cell(sources, check.run),
                    _judgement(check.blessed),
                    tables.text("; ".join(check.findings) or check.unread or "none"),
                ]
            )
            for check in checks
        ],
        is_sortable=False,
    )


def uses(sources: RunSources, provenance: Provenance) -> Table:
    """What was pushed of the model, and which runs took it from the cache."""
    rows = [_push(sources, push) for push in provenance.verdict.pushes]
    for run in provenance.reused_by:
        cells = [tables.text("taken from the cache"), run_cell(sources, run)]
        rows.append(Row(cells=[*cells, tables.text(""), tables.text("")]))
    return Table(
        caption="Uses of this model",
        columns=[
            Column(title="Use"),
            Column(title="Run"),
            Column(title="Version"),
            Column(title="Where, or why not"),
        ],
        rows=rows,
        is_sortable=False,
    )


def _push(sources: RunSources, push: Push) -> Row:
    done = tables.text("pushed", tone="good") if push.pushed else tables.text("refused", tone="bad")
    return Row(
        cells=[
            done,
            run_cell(sources, push.run),
            tables.text(push.version or tables.UNDEFINED),
            tables.text(push.destination if push.pushed else push.refused_because),
        ]
    )


def _judgement(blessed: bool | None) -> Cell:
    if blessed is None:
        return tables.text("says nothing", tone="faint")
    return tables.text("blessed", tone="good") if blessed else tables.text("refused", tone="bad")


def _baseline(entry: Evaluation) -> str:
    if entry.baseline_id is None:
        # ML Metadata keeps one role of a model that is its own baseline.
        has_baseline = any(gate.baseline is not None for gate in entry.gates)
        return "itself: it was the last blessed model" if has_baseline else "no earlier model"
    versions = ", ".join(entry.baseline_versions)
    return f"model {entry.baseline_id}" + (f", version {versions}" if versions else "")
