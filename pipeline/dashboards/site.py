"""A site: brings it up to date, and writes single pages of it.

Up to date is a page that was made from what is there now; see `pipeline.dashboards.stamps`.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Collection, Iterator, Sequence

from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import addresses, assets, sources, stamps, writing
from pipeline.dashboards.errors import DashboardError, NoRunsError, UnreadableRunError
from pipeline.dashboards.index import entries
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.pages import PAGES, Page
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.writing import page_text, write_comparison, write_index, write_pages
from pipeline.journal.dashboard_folder import DashboardFolder
from pipeline.journal.run_folder import RunFolder
from pipeline.lineage import store
from pipeline.lineage.errors import LineageError, NoRecordsError
from pipeline.lineage.store import Store

__all__ = [
    "Built",
    "RunResult",
    "build",
    "compare",
    "opened",
    "page_text",
    "update",
    "update_pair",
    "write_comparison",
    "write_index",
    "write_pages",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunResult:
    """What became of the pages of one run.

    Attributes:
      run_id: Of the run.
      written: Files that were made; none where all were up to date.
      errors: Why others could not be made.
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
      config: Of the runs: their output folder and their ML Metadata, which is only read.
      run_ids: Whose pages; those of every run if empty.
      is_forced: Whether pages that are up to date are made as well.
      tell: Is told of each run once its pages are made.

    Raises:
      NoRunsError: There is no run below the output folder.
      MetadataError: ML Metadata cannot be read.
    """
    output = pathlib.Path(config.output)
    found, records = entries.of_output(output), opened(config)
    if not found.entries and not found.unreadable:
        raise NoRunsError(f"no runs in {output}; see --output, or run something first")
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
        pair = addresses.pair_of(path.stem, known.__contains__)
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
        pair = [sources.of_run(RunFolder(output / name), records) for name in names]
        for run in pair:
            sources.check_report(run)
        path = pair[1].site.comparison(*names)
        if not is_forced and stamps.is_current(path, stamps.of_pair(*pair)):
            return RunResult(run_id=run_id)
        return RunResult(run_id=run_id, written=(write_comparison(*pair),))
    except DashboardError as error:
        return RunResult(run_id=run_id, errors=(error,))


def compare(config: PipelineConfig, before: str, after: str) -> pathlib.Path:
    """Makes the page of two runs, given by their ids, where it is not up to date.

    Raises:
      NothingRecordedError: ML Metadata does not know one of them.
    """
    output, records = pathlib.Path(config.output), opened(config)
    pair = [sources.of_run(RunFolder(output / name), records) for name in (before, after)]
    path = update_pair(*pair)
    write_index(output, records)  # leads there
    return path


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
      run: Whose pages.
      pages: Which of them.
      is_forced: Whether pages that are up to date are made as well.
      runs: All runs below its output folder; read where they are not given.
    """
    try:
        sources.check_report(run)
    except UnreadableRunError as error:
        return RunResult(run_id=run.run_id, errors=(error,))
    assets.write(run.site)
    written: list[pathlib.Path] = []
    failures: list[DashboardError | LineageError] = []
    for make in _due(run, pages, is_forced, runs):
        try:
            written.append(make())
        except (DashboardError, LineageError) as error:
            failures.append(error)
    return RunResult(run_id=run.run_id, written=tuple(written), errors=tuple(failures))


def _due(
    run: RunSources, pages: Sequence[Page], is_forced: bool, runs: Sequence[Entry] | None
) -> Iterator[Callable[[], pathlib.Path]]:
    """How to make each page that is due. The comparison comes first: the others lead to it."""
    stamp = stamps.of_run(run)
    before = None if run.is_running else writing.predecessor(run, runs)
    if before is not None:
        pair = run.site.comparison(before.run_id, run.run_id)
        if is_forced or not stamps.is_current(pair, stamps.of_pair(before, run)):
            yield functools.partial(write_comparison, before, run)
    for page in pages:
        if is_forced or not stamps.is_current(writing.page_path(page, run), stamp):
            yield functools.partial(writing.write_page, page, run, stamp)


def update_pair(before: RunSources, after: RunSources) -> pathlib.Path:
    """Makes the page of two runs if it is not up to date; returns its file."""
    path = after.site.comparison(before.run_id, after.run_id)
    if stamps.is_current(path, stamps.of_pair(before, after)):
        return path
    return write_comparison(before, after)
