"""Brings single pages up to date, just before a server answers them."""

import contextlib
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import addresses, site, sources
from pipeline.dashboards.index import entries
from pipeline.dashboards.pages import PAGES, RUN, Page
from pipeline.journal import liveness
from pipeline.journal.dashboard_folder import DashboardFolder
from pipeline.journal.run_folder import RunFolder
from schemas import erased

_PAGES: Final[dict[str, Page]] = {page.name: page for page in PAGES}

Around = Callable[[], contextlib.AbstractContextManager[None]]


class Refresher:
    """Makes pages whose sources have changed; one page at a time, whoever asks.

    What a page was made from is looked up in the files' sizes and times first: a page that polls
    costs a few system calls while nothing happens.
    """

    def __init__(self, config: PipelineConfig, around: Around = contextlib.nullcontext) -> None:
        """Makes nothing yet.

        Args:
          config: Of the runs.
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
            records = site.opened(self._config)
            for run in entries.of_output(self._output).entries:
                folder = RunFolder(self._output / run.run_id)
                if not (self._site.run(run.run_id) / f"{RUN.name}.html").is_file():
                    site.update(sources.of_run(folder, records), [RUN])  # the index leads there
            site.write_index(self._output, records)

    def _page(self, address: pathlib.PurePosixPath, run_id: str, page: Page) -> None:
        folder = self._run(run_id)
        if folder is None:
            return
        with self._if_changed(address, (_signature(folder), *self._ended())) as is_due:
            if is_due:
                run = sources.of_run(folder, site.opened(self._config))
                self._expect_made(site.update(run, [page]))

    def _pair(self, address: pathlib.PurePosixPath, name: str) -> None:
        names = addresses.pair_of(name, lambda run_id: self._run(run_id) is not None)
        if names is None:
            return
        pair = [RunFolder(self._output / run_id) for run_id in names]
        signatures = tuple(_signature(folder) for folder in pair)
        with self._if_changed(address, (signatures, *self._ended())) as is_due:
            if is_due:
                records = site.opened(self._config)
                site.update_pair(*(sources.of_run(folder, records) for folder in pair))

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
        for path in (*sorted(self._output.glob("*/summary.json")), self._output / erased.FILE_NAME):
            if path.is_file():
                yield str(path), path.stat().st_mtime_ns

    def _expect_made(self, result: site.RunResult) -> None:
        for error in result.errors:
            raise error


def _signature(folder: RunFolder) -> Any:
    """Files, and whether a run goes on: one that is killed changes none of its files."""
    has_ended = folder.summary.is_file()
    return entries.signature(folder), not has_ended and liveness.is_abandoned(folder)
