"""The pages that a run writes itself: after a node those that show it, after the run all of them.

Runners and steps call `write_for` alone. A page never fails a run: what goes wrong is reported in
the log, on the screen, and in place of the missing page.
"""

import dataclasses
import datetime
import logging
import pathlib
from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import pages, rendering, site, sources
from pipeline.dashboards.page_problems import Problems
from pipeline.dashboards.pages import Absent, Content, Page
from pipeline.dashboards.sources import RunSources
from pipeline.lineage.records import CACHED, COMPLETE
from pipeline.lineage.store import Store
from pipeline.metadata import connection
from pipeline.runs import events
from pipeline.runs.folders import ENDED_PROPERTY, LINK_PROPERTY, RunFolder
from schemas import files, names
from schemas.errors import MetadataError
from schemas.names import REPORT
from schemas.run_report import NodeState, RunReport

_LOG = logging.getLogger(__name__)
# The pages that a node has something new for. Its execution links to the first of them.
FEEDS: Final[Mapping[str, tuple[Page, ...]]] = {
    names.EXAMPLE_VALIDATOR: (pages.DATA,),
    names.DATA_GATE: (pages.DATA,),
    names.TRAINER: (pages.TRAINING,),
    names.EVALUATOR: (pages.EVALUATION, pages.ERRORS),
    names.PUSHER: (pages.LINEAGE,),
}
_RUN: Final = "run"  # writes problems of a whole run, beside those of nodes
_DID: Final = (NodeState.RAN, NodeState.CACHED)


class Link(NamedTuple):
    """Address of a page, and when the node that it shows ended."""

    address: str
    ended: datetime.datetime


def write_links(config: PipelineConfig, links: Mapping[int, Link]) -> None:
    """Writes a link into each execution, and touches nothing else of it.

    The store merges these properties by itself: what somebody publishes at the same time stays.

    Args:
      config: Configuration that names the metadata store.
      links: Link to write into each execution, by id of the execution.
    """
    linked = []
    for execution_id, link in links.items():
        execution = metadata_store_pb2.Execution(id=execution_id)
        execution.custom_properties[LINK_PROPERTY].string_value = link.address
        ended = link.ended.isoformat(timespec="milliseconds")
        execution.custom_properties[ENDED_PROPERTY].string_value = ended
        linked.append(execution)
    if linked:
        names = (LINK_PROPERTY, ENDED_PROPERTY)
        store = metadata_store.MetadataStore(connection.connection(config))
        store.put_executions(
            linked, field_mask_paths=[f"custom_properties.{name}" for name in names]
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Missing(Page):
    """A page of which nothing can be shown but why."""

    absent: Absent

    @property
    def content(self) -> Callable[[RunSources], Content | Absent]:
        return lambda _: self.absent


def write_for(
    folder: RunFolder,
    step: str = "",
    *,
    report: RunReport | None = None,
    page_copy: pathlib.Path | None = None,
    executor_input: str = "",
) -> None:
    """Writes the pages that whoever calls has something new for.

    A process that ran the whole graph, its journal closed, has all pages of the run, the index, and
    the links in ML Metadata. The step of a node has the pages that the node feeds, and its link.
    The step `REPORT` has the page of the run and the index; a page that no step came to write says
    so. It reads journals and reports alone and asks no metadata store: this must work whatever
    failed.

    Args:
      folder: Folder of the run.
      step: Id of the node whose container step has ended well, or `REPORT`; empty where one process
        ran the whole graph.
      report: Report of the run; read from its files if None.
      page_copy: Where the step's page of `STANDALONE` goes, too, as one file; nowhere if None.
      executor_input: What Kubeflow's launcher told the step of its outputs, as JSON; its figures
        go there. Empty for none.
    """
    if step and step != REPORT and step not in FEEDS:
        return
    problems = Problems(folder, step or _RUN)
    with problems.told(f"the pages of {step}" if step in FEEDS else "the dashboard"):
        if step == REPORT:
            run = sources.of_run(folder, None, report=report)
            _write_last_pages(run, problems)
        else:
            config = load.load(folder.config)
            run = sources.of_run(folder, _opened(config), report=report)
            if step:
                _write_pages_of_node(config, run, step, problems)
            else:
                _write_all_pages(config, run, problems)
        if page_copy is not None:
            _write_copy(pages.STANDALONE[step], run, page_copy, problems)
        if executor_input:
            with problems.told(f"the figures of {step}"):
                from pipeline.dashboards import visualisations  # kfp takes most of a second

                visualisations.write_figures(executor_input, step, run)


def _write_all_pages(config: PipelineConfig, run: RunSources, problems: Problems) -> None:
    _write_comparison(run, problems)  # the other pages lead to it
    for page in pages.PAGES:
        _write(page, run, problems)
    _write_index(run, problems)
    did = {node.id for node in run.state.nodes.values() if node.state in _DID}
    _link(config, run, did, problems)


def _write_pages_of_node(
    config: PipelineConfig, run: RunSources, node: str, problems: Problems
) -> None:
    for page in FEEDS[node]:
        _write(page, run, problems)
    _link(config, run, {node}, problems)


def _write_last_pages(run: RunSources, problems: Problems) -> None:
    _write(pages.RUN, run, problems)
    with problems.told("the pages that no step came to write"):
        for page in pages.PAGES:
            if not site.page_path(page, run).exists():
                _write_stub(_missing(page, run, "The run ended before it came to this."), run)
    _write_index(run, problems)


def _opened(config: PipelineConfig) -> Store | None:
    """ML Metadata, if it can be asked: a run that failed for its lack has pages all the same."""
    try:
        return site.opened(config)
    except MetadataError as error:
        _LOG.warning("the pages are without ML Metadata: %s: %s", error.code, error)
        return None


def _write(page: Page, run: RunSources, problems: Problems) -> None:
    with problems.told(f"the page {page.title}") as guard:
        site.write_page(page, run, site.stamp_of_run(run))
    if guard.problem is not None:
        _write_stub(_broken(page, run, guard.problem), run)


def _write_stub(page: Page, run: RunSources) -> None:
    """Writes a page that says why it is none; without a stamp, so that it never counts as made."""
    rendering.write_assets(run.site)
    files.write(site.page_path(page, run), site.page_text(page, run))


def _write_copy(page: Page, run: RunSources, path: pathlib.Path, problems: Problems) -> None:
    """Writes one file whatever happens: Kubeflow's pages show an error where there is none."""
    text = ""
    with problems.told(f"the page {page.title} as one file") as guard:
        text = site.page_text(page, run, is_standalone=True)
    if guard.problem is not None:
        text = site.page_text(_broken(page, run, guard.problem), run, is_standalone=True)
    files.write(path, text)


def _write_comparison(run: RunSources, problems: Problems) -> None:
    with problems.told("the comparison with the run before"):
        before = site.predecessor(run)
        if before is not None:
            site.write_comparison(before, run)


def _write_index(run: RunSources, problems: Problems) -> None:
    with problems.told("the index of all runs"):
        site.write_index(run.output, run.store)


def _broken(page: Page, run: RunSources, problem: events.Failed) -> Page:
    return _missing(page, run, f"{problem.code or problem.type}: {problem.message}")


def _missing(page: Page, run: RunSources, reason: str) -> Page:
    advice = f"`deepfake dashboard {run.run_id}` writes what there is."
    absent = Absent(reason=reason, advice=advice)
    return _Missing(name=page.name, title=page.title, module=page.module, absent=absent)


def _link(
    config: PipelineConfig, run: RunSources, nodes: Collection[str], problems: Problems
) -> None:
    """Links the executions of `nodes` in this run, cached ones too, to the pages of this run."""
    if run.store is None:
        return
    with problems.told("the links in ML Metadata"):
        links = {
            execution.id: Link(
                str(site.page_path(FEEDS[execution.node][0], run).resolve()), execution.updated
            )
            for execution in run.store.executions_of(run.run_id)
            if execution.node in FEEDS
            and execution.node in nodes
            and execution.state in (COMPLETE, CACHED)
        }
        write_links(config, links)
