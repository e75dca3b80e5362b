"""A site: makes its pages, and makes those again that are no longer up to date.

A page is up to date while it was made from what is there now: beside each lies a stamp, a digest of
everything that it is made from. `build` looks at every run, `update` at one, `compare` at a pair;
`pipeline.dashboards.server` looks at the page that a browser asks for.
"""

import dataclasses
import functools
import hashlib
import importlib.resources
import json
import pathlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from components import fingerprint
from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import rendering, sources
from pipeline.dashboards.comparison import page as comparison_page
from pipeline.dashboards.index import entries
from pipeline.dashboards.index import page as index_page
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.pages import PAGES, Absent, Page, address_of_comparison, pair_of
from pipeline.dashboards.rendering import Frame, Link
from pipeline.dashboards.sources import RunSources
from pipeline.lineage import store
from pipeline.lineage.store import Store
from pipeline.runs.folders import DashboardFolder, RunFolder
from schemas import erased, files
from schemas.errors import DashboardError, LineageError, NoRecordsError, UnreadableRunError

_CODE: Final = ("pipeline.dashboards", "pipeline.evaluation", "pipeline.lineage", "schemas")
_ROOT: Final = "../../"  # of the site, from the folder of a run


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunResult:
    """What became of the pages of one run.

    Attributes:
      run_id: Id of the run; of a pair, both ids.
      written: Files that were made; none where all were up to date.
      errors: Why other pages could not be made.
    """

    run_id: str
    written: tuple[pathlib.Path, ...] = ()
    errors: tuple[DashboardError | LineageError, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Built:
    """A site that was brought up to date; `index` is its first page."""

    index: pathlib.Path
    results: tuple[RunResult, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every page could be made."""
        return not any(result.errors for result in self.results)


def build(
    config: PipelineConfig,
    *,
    run_ids: Collection[str] = (),
    is_forced: bool = False,
    tell: Callable[[RunResult], None] = lambda _: None,
) -> Built:
    """Brings the site of an output folder up to date.

    Args:
      config: Configuration of the runs: their output folder and their ML Metadata, which is only
        read.
      run_ids: Ids of the runs whose pages to make; all runs if empty.
      is_forced: Whether pages that are up to date are made as well.
      tell: Function that gets the result of each run once its pages are made.

    Raises:
      DashboardError: `no_runs`: There is no run below the output folder.
      MetadataError: ML Metadata cannot be read.
    """
    output = pathlib.Path(config.output)
    found, records = entries.of_output(output), opened(config)
    if not found.entries and not found.unreadable:
        raise DashboardError(
            "no_runs", f"no runs in {output}; see --output, or run something first"
        )
    results = [RunResult(run_id="", errors=(error,)) for error in found.unreadable]
    for result in results:
        tell(result)
    for run in found.entries:
        if run_ids and run.run_id not in run_ids:
            continue
        given = sources.of_run(RunFolder(output / run.run_id), records)
        result = update(given, is_forced=is_forced, runs=found.entries)
        results.append(result)
        tell(result)
    for names in _other_pairs(output, found.entries, run_ids):
        result = _compared(output, names, records, is_forced)
        if result.errors or result.written:
            results.append(result)
            tell(result)
    return Built(index=write_index(output, records), results=tuple(results))


def _other_pairs(
    output: pathlib.Path, runs: Sequence[Entry], run_ids: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Comparisons that somebody asked for once; those with the run before are pages of a run."""
    known = {run.run_id for run in runs}
    for path in DashboardFolder.below(output).comparisons():
        pair = pair_of(path.stem, known.__contains__)
        if pair is None or (run_ids and not set(pair) & set(run_ids)):
            continue
        former = entries.predecessor(runs, pair[1])
        if former is None or former.run_id != pair[0]:
            yield pair


def _compared(
    output: pathlib.Path, names: Sequence[str], records: Store | None, is_forced: bool
) -> RunResult:
    run_id = " and ".join(names)
    try:
        before, after = (sources.of_run(RunFolder(output / name), records) for name in names)
        for run in (before, after):
            sources.check_report(run)
        return RunResult(run_id=run_id, written=tuple(update_pair(before, after, is_forced)))
    except DashboardError as error:
        return RunResult(run_id=run_id, errors=(error,))


def compare(config: PipelineConfig, before: str, after: str) -> pathlib.Path:
    """Makes the page of two runs, given by their ids, where it is not up to date.

    Raises:
      DashboardError: `nothing_recorded`: ML Metadata does not know one of them.
    """
    output, records = pathlib.Path(config.output), opened(config)
    old, new = (sources.of_run(RunFolder(output / name), records) for name in (before, after))
    update_pair(old, new)
    write_index(output, records)  # leads there
    return new.site.comparison(before, after)


def opened(config: PipelineConfig) -> Store | None:
    """ML Metadata of a configuration; None where nothing was ever recorded.

    Raises:
      MetadataError: It cannot be read.
    """
    try:
        return store.opened(config)
    except NoRecordsError:
        return None


def update(
    run: RunSources,
    pages: Sequence[Page] = PAGES,
    *,
    is_forced: bool = False,
    runs: Sequence[Entry] | None = None,
) -> RunResult:
    """Makes the pages of one run that are not up to date; one that fails stops no other.

    Of a run that has ended, its comparison with the run before it is one of them.

    Args:
      run: Sources of the run.
      pages: Pages to bring up to date.
      is_forced: Whether pages that are up to date are made as well.
      runs: All runs below its output folder; read where they are not given.
    """
    try:
        sources.check_report(run)
    except UnreadableRunError as error:
        return RunResult(run_id=run.run_id, errors=(error,))
    stamp = stamp_of_run(run)
    steps = [functools.partial(_page, page, run, stamp, is_forced) for page in pages]
    before = None if run.is_running else predecessor(run, runs)
    if before is not None:
        steps.insert(0, functools.partial(update_pair, before, run, is_forced))  # others lead there
    written: list[pathlib.Path] = []
    failures: list[DashboardError | LineageError] = []
    for step in steps:
        try:
            written += step()
        except (DashboardError, LineageError) as error:
            failures.append(error)
    return RunResult(run_id=run.run_id, written=tuple(written), errors=tuple(failures))


def _page(page: Page, run: RunSources, stamp: str, is_forced: bool) -> list[pathlib.Path]:
    if not is_forced and is_current(page_path(page, run), stamp):
        return []
    return [write_page(page, run, stamp)]


def update_pair(
    before: RunSources, after: RunSources, is_forced: bool = False
) -> list[pathlib.Path]:
    """Makes the page of two runs; returns its file, or none where it was up to date.

    Raises:
      DashboardError: `nothing_recorded`: ML Metadata does not know one of them.
    """
    path = after.site.comparison(before.run_id, after.run_id)
    if not is_forced and is_current(path, stamp_of_pair(before, after)):
        return []
    return [write_comparison(before, after)]


def write_page(page: Page, run: RunSources, stamp: str) -> pathlib.Path:
    """Writes one page of a run, and what all pages share; returns its file.

    Args:
      page: One of `PAGES`.
      run: Sources of the run.
      stamp: `stamp_of_run(run)`.

    Raises:
      DashboardError: What the page is made from breaks its contract.
    """
    rendering.write_assets(run.site)
    path = page_path(page, run)
    files.write(path, page_text(page, run))
    put_stamp(path, stamp)
    return path


def page_path(page: Page, run: RunSources) -> pathlib.Path:
    """Where a page of a run lies."""
    return run.site.run(run.run_id) / f"{page.name}.html"


def page_text(page: Page, run: RunSources, *, is_standalone: bool = False) -> str:
    """The HTML of one page of a run.

    Args:
      page: One of `PAGES`.
      run: Sources of the run.
      is_standalone: Whether the page must need no other file; it then shows no face crops and
        has no navigation.

    Raises:
      DashboardError: What it is made from breaks its contract.
    """
    content = page.content(run)
    frame = Frame(
        title=f"{page.title} of {run.run_id}",
        subtitle=run.report.pipeline,
        root=_ROOT,
        notice=run.report.notice,
        crumbs=() if is_standalone else (Link(title="All runs", href=f"{_ROOT}index.html"),),
        tabs=() if is_standalone else _tabs(page, run),
        is_standalone=is_standalone,
        is_live=run.is_running,
    )
    if isinstance(content, Absent):
        values = {"reason": content.reason, "advice": content.advice}
        return rendering.page("absent.html", frame, values)
    return rendering.page(content.template, frame, content.values)


def _tabs(current: Page, run: RunSources) -> tuple[Link, ...]:
    own = [
        Link(title=page.title, href=f"{page.name}.html", is_current=page.name == current.name)
        for page in PAGES
    ]
    former = _compared_with(run)
    if former:
        address = address_of_comparison(former, run.run_id)
        own.append(Link(title="What changed", href=f"{_ROOT}{address}"))
    return tuple(own)


def _compared_with(run: RunSources) -> str:
    """The run before, where the comparison with it is written; empty where it is not.

    All runs are read only where several comparisons leave open which run that is.
    """
    own = f"--{run.run_id}.html"
    found = [path for path in run.site.comparisons() if path.name.endswith(own)]
    names = [path.name.removesuffix(own) for path in found]
    if len(names) < 2:
        return "".join(names)
    former = entries.predecessor(entries.of_output(run.output).entries, run.run_id)
    return former.run_id if former and former.run_id in names else ""


def write_comparison(before: RunSources, after: RunSources) -> pathlib.Path:
    """Writes the page of two runs side by side, and what all pages share; returns its file.

    Raises:
      DashboardError: `nothing_recorded`: ML Metadata does not know one of them.
    """
    rendering.write_assets(after.site)
    stamp = stamp_of_pair(before, after)  # before it reads: an erasure meanwhile makes it stale
    content = comparison_page.content(before, after)
    frame = Frame(
        title="What changed",
        subtitle=f"from {before.run_id} to {after.run_id}",
        root=comparison_page.ROOT,
        notice=index_page.notice([entries.of_sources(one) for one in (before, after)]),
        crumbs=(Link(title="All runs", href=f"{comparison_page.ROOT}index.html"),),
    )
    path = after.site.comparison(before.run_id, after.run_id)
    files.write(path, rendering.page(content.template, frame, content.values))
    put_stamp(path, stamp)
    return path


def predecessor(run: RunSources, runs: Sequence[Entry] | None = None) -> RunSources | None:
    """The run that this one is compared with by default; None without one, or without records.

    Args:
      run: Sources of the run to compare.
      runs: All runs below its output folder, oldest first; read where they are not given.
    """
    runs = entries.of_output(run.output).entries if runs is None else runs
    former = entries.predecessor(runs, run.run_id)
    if former is None or run.store is None:
        return None
    found = sources.of_run(RunFolder(run.output / former.run_id), run.store)
    try:
        sources.check_report(found)
    except UnreadableRunError:  # told of that run
        return None
    return found


def write_index(output: pathlib.Path, records: Store | None) -> pathlib.Path:
    """Writes the page of all runs, and what all pages share; returns its file.

    Args:
      output: The output folder.
      records: ML Metadata; None where nothing is recorded yet.
    """
    site, found = DashboardFolder.below(output), entries.of_output(output)
    rendering.write_assets(site)
    content = index_page.content(output, found, records)
    pipelines = sorted({run.pipeline for run in found.entries})
    frame = Frame(
        title=f"Runs of {' and '.join(pipelines)}" if len(pipelines) in (1, 2) else "Runs",
        subtitle=str(output),
        notice=index_page.notice(found.entries),
        is_live=any(run.is_running for run in found.entries),
    )
    files.write(site.index, rendering.page(content.template, frame, content.values))
    return site.index


def stamp_of_run(run: RunSources) -> str:
    """SHA-256 over everything that the pages of a run are made from.

    That is the code, the journal, the report, the configuration, the list of erased keys, and
    what ML Metadata says of the run's artifacts: also which later executions used them.
    """
    listed = run.output / erased.FILE_NAME
    said = (
        _code(),
        run.report.to_json(),
        run.state.ended,
        run.is_running,
        [_state(path) for path in (run.folder.config, run.folder.ir, listed)],
        list(_records(run)),
    )
    return _digest(said)


def stamp_of_pair(before: RunSources, after: RunSources) -> str:
    """SHA-256 over everything that the page of two runs is made from."""
    return _digest((stamp_of_run(before), stamp_of_run(after)))


def is_current(page: pathlib.Path, stamp: str) -> bool:
    """Whether the page is there and was made from the same."""
    beside = _beside(page)
    return page.is_file() and beside.is_file() and beside.read_text(encoding="utf-8") == stamp


def put_stamp(page: pathlib.Path, stamp: str) -> None:
    """Says what a page was made from, once it is written."""
    _beside(page).write_text(stamp, encoding="utf-8")


def _beside(page: pathlib.Path) -> pathlib.Path:
    return page.with_name(f".{page.name}.made-from")


@functools.cache
def _code() -> str:
    templates = importlib.resources.files("pipeline.dashboards") / "web" / "templates"
    found = sorted(templates.iterdir(), key=lambda file: file.name)
    texts = [(file.name, file.read_text(encoding="utf-8")) for file in found]
    return _digest((fingerprint.of(*_CODE), texts))


def _state(path: pathlib.Path) -> tuple[str, int, int]:
    if not path.is_file():
        return path.name, -1, -1
    stat = path.stat()
    return path.name, stat.st_size, stat.st_mtime_ns


def _records(run: RunSources) -> Iterator[Any]:
    artifacts = {one.id: one for found in run.artifacts.values() for one in found}
    for key in sorted(artifacts):
        yield key, artifacts[key].state, sorted(artifacts[key].properties.items())
    if run.store is not None:
        links = run.store.links_of_artifacts(artifacts)
        yield sorted({link.execution_id for link in links})


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
