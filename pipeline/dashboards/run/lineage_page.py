"""Where the model of a run came from, who judged it, where it was pushed, and what uses it.

The interactive graph is a page of its own, `graph.html`, written beside this one and framed by it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipeline.dashboards import sources as outputs
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.run import configuration, provenance
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Cell, Column, Row, Table, Tile, text
from pipeline.lineage import graph, names, show
from pipeline.lineage import page as graph_page
from pipeline.lineage.records import Artifact
from pipeline.lineage.show import Provenance
from pipeline.lineage.store import Store
from pipeline.lineage.verdicts import Verdict
from schemas import files
from schemas.errors import UnknownRunError
from schemas.names import TRAINER

GRAPH_FILE: Final = "graph.html"

_NO_RECORDS: Final = Absent(
    reason="ML Metadata holds no records of this run.",
    advice="They appear when the first step has begun. Where the records lie on a server, give the"
    " run's configuration: deepfake dashboard --config FILE.",
)


def content(sources: RunSources) -> Content | Absent:
    """Gathers the lineage page of a run, and writes the graph beside it."""
    store = sources.store
    if store is None or not sources.artifacts:
        return _NO_RECORDS
    try:
        run = names.run(store, sources.run_id)
    except UnknownRunError:
        return _NO_RECORDS
    model = model_of(sources)
    diagram = graph.of_model(store, model) if model else graph.of_run(store, run)
    page = sources.site.run(sources.run_id) / GRAPH_FILE
    files.write(page, graph_page.render(diagram))
    found = show.show(store, str(model.id)) if model else None
    return Content(
        template="lineage.html",
        values={
            "graph": GRAPH_FILE,
            "graph_title": diagram.title,
            **(_of_model(sources, found) if found else {"tiles": ()}),
            "has_model": found is not None,
            "commands": _commands(sources, found, store),
        },
    )


def model_of(sources: RunSources) -> Artifact | None:
    """The model that the run made or took from the cache, its files there or not."""
    found = sources.artifacts.get(outputs.MODEL, ())
    return found[-1] if found else None


def _of_model(sources: RunSources, found: Provenance) -> Mapping[str, Any]:
    verdict = found.verdict
    last = verdict.evaluations[-1] if verdict.evaluations else None
    return {
        "tiles": tuple(_tiles(found)),
        "steps": provenance.steps(sources, found),
        "artifacts": provenance.artifacts(found),
        "videos": provenance.videos(found),
        "dead_letters": provenance.named(
            "Videos that were left out, by reason", ("Reason", "Videos"), found.dead_letters
        ),
        "digests": provenance.named("Digests of the data", ("Digest", "Value"), found.digests),
        "packages": provenance.named("Libraries", ("Package", "Version"), found.packages),
        "evaluations": provenance.evaluations(sources, verdict),
        "gates": provenance.gates(last) if last else None,
        "serving_checks": provenance.serving_checks(sources, verdict.serving_checks),
        "uses": provenance.uses(sources, found),
        "unread": [*found.unread, *(entry.unread for entry in verdict.evaluations if entry.unread)],
    }


def _tiles(found: Provenance) -> Iterator[Tile]:
    yield Tile(
        label="Model",
        value=str(found.model_id),
        note=f"trained by the run {found.run or 'unknown'}",
    )
    yield _blessing(found.verdict)
    versions = found.versions
    yield Tile(
        label="Pushed as version",
        value=versions[-1] if versions else "not pushed",
        note=f"also as {', '.join(versions[:-1])}" if versions[:-1] else "",
        tone="" if versions else "faint",
    )
    trained = found.videos.get("train")
    if trained:
        fakes, reals = trained.get("fake", 0), trained.get("real", 0)
        yield Tile(
            label="Videos it was trained on",
            value=f"{fakes + reals:,}",
            note=f"{fakes:,} fake, {reals:,} real",
        )
    reused = len(found.reused_by)
    yield Tile(label="Runs that reused it", value=str(reused), note="from the cache")


def _blessing(verdict: Verdict) -> Tile:
    last = verdict.evaluations[-1] if verdict.evaluations else None
    if last is None or last.blessed is None:
        return Tile(label="Judgement", value="none", note="it was not evaluated", tone="faint")
    broken = sum(not gate.passed for gate in last.gates)
    held = f"{len(last.gates)} gates, {broken or 'none'} broken"
    if last.blessed:
        return Tile(label="Judgement", value="blessed", note=held, tone="good")
    return Tile(label="Judgement", value="refused", note=held, tone="bad")


def _commands(sources: RunSources, found: Provenance | None, store: Store) -> tuple[str, ...]:
    graph_of = configuration.lineage_commands(sources, "graph", sources.run_id)
    drawn = f"{graph_of} -o {sources.run_id}.html"
    if found is None:
        return (drawn,)
    name = found.versions[-1] if found.versions else str(found.model_id)
    return (
        configuration.lineage_commands(sources, "show", name),
        configuration.lineage_commands(sources, "why", name),
        drawn,
    )


def pushed(sources: RunSources) -> Table | None:
    """Version and folder; None where nothing was pushed."""
    found = sources.report.pushed
    if sources.is_running or not found:
        return None
    return provenance.named(
        "What was pushed",
        ("What", "Value"),
        {"version": found.version, "folder": found.path},
    )


def model(sources: RunSources) -> Table | None:
    """What made the model and who judged it, in short; None where there are no records of it.

    None also while the run goes on: to read an evaluation without a report, TFMA is imported,
    which takes seconds.
    """
    artifact = model_of(sources)
    if sources.is_running or sources.store is None or artifact is None:
        return None
    found = show.show(sources.store, str(artifact.id))
    return Table(
        caption="Where the model came from",
        columns=[Column(title="What"), Column(title="Value")],
        rows=[Row(cells=[text(name), cell]) for name, cell in _facts(sources, found)],
        is_sortable=False,
        hides_caption=True,
    )


def _facts(sources: RunSources, found: Provenance) -> Iterator[tuple[str, Cell]]:
    yield "model", text(f"artifact {found.model_id} of ML Metadata")
    yield "trained by", provenance.run_cell(sources, found.run)
    judged = found.verdict.evaluations
    if judged:
        yield "judged by", provenance.run_cell(sources, judged[-1].run)
        compared = judged[-1].baseline_versions
        if compared:
            yield "compared with", text(f"version {compared[-1]}")
    code = {step.node: step.code_fingerprint for step in found.steps}.get(TRAINER, "")
    if code:
        yield "code of the training", text(code[: provenance.DIGEST_LETTERS])
    if found.packages:
        packages = ", ".join(f"{name} {version}" for name, version in found.packages.items())
        yield "libraries", text(packages)
