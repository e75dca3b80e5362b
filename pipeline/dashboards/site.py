"""A site: brings it up to date, whole before it is opened or page by page while it is served.

Up to date is a page that was made from what is there now; see `pipeline.dashboards.writing`.
"""

import contextlib
import dataclasses
import functools
import pathlib
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import rendering, sources, writing
from pipeline.dashboards.index import entries
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.pages import PAGES, RUN, Page, pair_of
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.writing import write_comparison, write_index
from pipeline.lineage import store
from pipeline.lineage.store import Store
from pipeline.runs import folders
from pipeline.runs.folders import DashboardFolder, RunFolder
from schemas import erased
from schemas.errors import DashboardError, LineageError, NoRecordsError, UnreadableRunError

_PAGES: Final[dict[str, Page]] = {page.name: page for page in PAGES}
Around = Callable[[], contextlib.AbstractContextManager[None]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunResult:
    """What became of the pages of one run.

    Attributes:
      run_id: Id of the run.
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
        pair = [sources.of_run(RunFolder(output / name), records) for name in names]
        for run in pair:
            sources.check_report(run)
        path = pair[1].site.comparison(*names)
        if not is_forced and writing.is_current(path, writing.stamp_of_pair(*pair)):
            return RunResult(run_id=run_id)
        return RunResult(run_id=run_id, written=(write_comparison(*pair),))
    except DashboardError as error:
        return RunResult(run_id=run_id, errors=(error,))


def compare(config: PipelineConfig, before: str, after: str) -> pathlib.Path:
    """Makes the page of two runs, given by their ids, where it is not up to date.

    Raises:
      DashboardError: `nothing_recorded`: ML Metadata does not know one of them.
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
      run: Sources of the run.
      pages: Pages to bring up to date.
      is_forced: Whether pages that are up to date are made as well.
      runs: All runs below its output folder; read where they are not given.
    """
    try:
        sources.check_report(run)
    except UnreadableRunError as error:
        return RunResult(run_id=run.run_id, errors=(error,))
    rendering.write_assets(run.site)
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
    stamp = writing.stamp_of_run(run)
    before = None if run.is_running else writing.predecessor(run, runs)
    if before is not None:
        pair = run.site.comparison(before.run_id, run.run_id)
        if is_forced or not writing.is_current(pair, writing.stamp_of_pair(before, run)):
            yield functools.partial(write_comparison, before, run)
    for page in pages:
        if is_forced or not writing.is_current(writing.page_path(page, run), stamp):
            yield functools.partial(writing.write_page, page, run, stamp)


def update_pair(before: RunSources, after: RunSources) -> pathlib.Path:
    """Makes the page of two runs if it is not up to date; returns its file."""
    path = after.site.comparison(before.run_id, after.run_id)
    if writing.is_current(path, writing.stamp_of_pair(before, after)):
        return path
    return write_comparison(before, after)


class Refresher:
    """Makes pages whose sources have changed; one page at a time, whoever asks.

    What a page was made from is looked up in the files' sizes and times first: a page that polls
    costs a few system calls while nothing happens.
    """

    def __init__(self, config: PipelineConfig, around: Around = contextlib.nullcontext) -> None:
        """Makes nothing yet.

        Args:
          config: Configuration of the runs.
          around: Context in which pages are made, to hold back what libraries say.
        """
        self._config = config
        self._around = around
        self._output = pathlib.Path(config.output)
        self._site = DashboardFolder.below(self._output)
        self._lock = threading.Lock()
        self._seen: dict[pathlib.PurePosixPath, Any] = {}

    def refresh(self, address: pathlib.PurePosixPath) -> None:
        """Makes the page at `address`, relative to the site, if it is one and is not up to date.

        Raises:
          DashboardError: It cannot be made.
          MetadataError: ML Metadata cannot be read.
        """
        with self._lock:
            match address.parts:
                case ("index.html",):
                    self._index(address)
                case ("runs", run_id, name) if name.removesuffix(".html") in _PAGES:
                    self._page(address, run_id, _PAGES[name.removesuffix(".html")])
                case ("compare", name):
                    self._pair(address, name.removesuffix(".html"))

    def _index(self, address: pathlib.PurePosixPath) -> None:
        with self._if_changed(address, self._all_runs()) as is_due:
            if not is_due:
                return
            records = opened(self._config)
            for run in entries.of_output(self._output).entries:
                folder = RunFolder(self._output / run.run_id)
                if not (self._site.run(run.run_id) / f"{RUN.name}.html").is_file():
                    update(sources.of_run(folder, records), [RUN])  # the index leads there
            write_index(self._output, records)

    def _page(self, address: pathlib.PurePosixPath, run_id: str, page: Page) -> None:
        folder = self._run(run_id)
        if folder is None:
            return
        with self._if_changed(address, (_signature(folder), *self._ended())) as is_due:
            if is_due:
                run = sources.of_run(folder, opened(self._config))
                self._expect_made(update(run, [page]))

    def _pair(self, address: pathlib.PurePosixPath, name: str) -> None:
        names = pair_of(name, lambda run_id: self._run(run_id) is not None)
        if names is None:
            return
        pair = [RunFolder(self._output / run_id) for run_id in names]
        signatures = tuple(_signature(folder) for folder in pair)
        with self._if_changed(address, (signatures, *self._ended())) as is_due:
            if is_due:
                records = opened(self._config)
                update_pair(*(sources.of_run(folder, records) for folder in pair))

    @contextlib.contextmanager
    def _if_changed(self, address: pathlib.PurePosixPath, signature: Any) -> Iterator[bool]:
        """Yields whether the page is due, and remembers what it was made from if that went well."""
        is_there = (self._site.path / address).is_file()
        if is_there and self._seen.get(address) == signature:
            yield False
            return
        with self._around():
            yield True
        self._seen[address] = signature

    def _run(self, run_id: str) -> RunFolder | None:
        """The folder of a run that has told how it started."""
        folder = RunFolder(self._output / run_id)
        if folder.path.parent != self._output or not folder.journal.is_file():
            return None
        return folder if entries.of_run(folder) else None

    def _all_runs(self) -> Any:
        journals = sorted(self._output.glob("*/events.jsonl"))
        return [_signature(RunFolder(journal.parent)) for journal in journals]

    def _ended(self) -> Iterator[Any]:
        """Runs that end change what is said of earlier ones, and so does an erasure."""
        for path in (*folders.reports(self._output), self._output / erased.FILE_NAME):
            if path.is_file():
                yield str(path), path.stat().st_mtime_ns

    def _expect_made(self, result: RunResult) -> None:
        for error in result.errors:
            raise error


def _signature(folder: RunFolder) -> Any:
    """Files, and whether a run goes on: one that is killed changes none of its files."""
    has_ended = folder.summary.is_file()
    return entries.signature(folder), not has_ended and folders.is_abandoned(folder)
