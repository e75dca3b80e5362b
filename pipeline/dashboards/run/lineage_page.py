"""The page that says where the model of a run came from, who judged it, and what uses it.

The interactive graph is a page of its own, `graph.html`, written beside this one and framed by it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipeline.dashboards import assets
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.run import commands, provenance
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Tile
from pipeline.lineage import errors, graph, names, show
from pipeline.lineage import page as graph_page
from pipeline.lineage.records import Artifact
from pipeline.lineage.show import Provenance
from pipeline.lineage.store import Store
from pipeline.lineage.verdicts import Verdict

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
    except errors.UnknownRunError:
        return _NO_RECORDS
    model = model_of(sources)
    diagram = graph.of_model(store, model) if model else graph.of_run(store, run)
    page = sources.site.run(sources.run_id) / GRAPH_FILE
    assets.replace(page, graph_page.render(diagram))
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
    graph_of = commands.lineage(sources, "graph", sources.run_id)
    drawn = f"{graph_of} -o {sources.run_id}.html"
    if found is None:
        return (drawn,)
    name = found.versions[-1] if found.versions else str(found.model_id)
    return (
        commands.lineage(sources, "show", name),
        commands.lineage(sources, "why", name),
        drawn,
    )
