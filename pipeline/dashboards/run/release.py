"""What became of the model of a run: where it was pushed, what made it, and its cards."""

import dataclasses
from collections.abc import Iterator

from pipeline.dashboards import panel_data
from pipeline.dashboards.errors import PanelDataError
from pipeline.dashboards.panel_data import Cards
from pipeline.dashboards.run import lineage_page, provenance
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Cell, Column, Row, Table, text
from pipeline.lineage import show
from pipeline.lineage.show import Provenance


@dataclasses.dataclass(frozen=True, kw_only=True)
class Link:
    """Somewhere to go on reading; `href` is relative to the page."""

    title: str
    href: str


def pushed(sources: RunSources) -> Table | None:
    """Version and folder; None where nothing was pushed."""
    found = sources.summary["pushed"]
    if sources.is_running or not found:
        return None
    return provenance.named(
        "What was pushed",
        ("What", "Value"),
        {"version": found["version"], "folder": found["path"]},
    )


def model(sources: RunSources) -> Table | None:
    """What made the model and who judged it, in short; None where there are no records of it.

    Not while the run goes on: to read an evaluation without a report takes TFMA's seconds.
    """
    artifact = lineage_page.model_of(sources)
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
    code = {step.node: step.code_fingerprint for step in found.steps}.get("Trainer", "")
    if code:
        yield "code of the training", text(code[: provenance.DIGEST_LETTERS])
    if found.packages:
        packages = ", ".join(f"{name} {version}" for name, version in found.packages.items())
        yield "libraries", text(packages)


def cards(sources: RunSources) -> tuple[Link, ...]:
    """Cards of the model and the data; empty where the run has none.

    Raises:
      PanelDataError: The file that names them breaks its contract, or names one that is not there.
    """
    found = panel_data.read(sources.folder, Cards)
    for card in found.cards if found else ():
        if not (sources.folder.path / card.path).is_file():
            raise PanelDataError(
                f"the card {card.title!r} is not there: no file {sources.folder.path / card.path};"
                " write it, or take it out of panels/cards.json"
            )
    return tuple(
        Link(
            title=card.title,
            href=provenance.file_href(sources, sources.folder.path / card.path),
        )
        for card in (found.cards if found else ())
    )
