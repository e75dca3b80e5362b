"""Writes pages of runs, of pairs of runs, and the index; and says which are up to date."""

import functools
import hashlib
import importlib.resources
import json
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from components import fingerprint
from pipeline.dashboards import rendering
from pipeline.dashboards import sources as run_sources
from pipeline.dashboards.comparison import page as comparison_page
from pipeline.dashboards.index import entries
from pipeline.dashboards.index import page as index_page
from pipeline.dashboards.index.entries import Entry
from pipeline.dashboards.pages import PAGES, RUN, Absent, Page, address_of_comparison
from pipeline.dashboards.rendering import Frame, Link
from pipeline.dashboards.sources import RunSources
from pipeline.lineage.store import Store
from pipeline.runs.folders import DashboardFolder, RunFolder
from schemas import erased, files
from schemas.errors import UnreadableRunError

_CODE: Final = ("pipeline.dashboards", "pipeline.evaluation", "pipeline.lineage", "schemas")


_ROOT: Final = "../../"  # of the site, from the folder of a run


def stamp_of_run(sources: RunSources) -> str:
    """SHA-256 over everything that the pages of a run are made from.

    That is the code, the journal, the report, the configuration, the list of erased keys, and
    what ML Metadata says of the run's artifacts: also which later executions used them.
    """
    listed = sources.output / erased.FILE_NAME
    said = (
        _code(),
        sources.report.to_json(),
        sources.state.ended,
        sources.is_running,
        [_state(path) for path in (sources.folder.config, sources.folder.ir, listed)],
        list(_records(sources)),
    )
    return _digest(said)


def stamp_of_pair(before: RunSources, after: RunSources) -> str:
    """The same of the page of two runs."""
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
    files = sorted(templates.iterdir(), key=lambda file: file.name)
    texts = [(file.name, file.read_text(encoding="utf-8")) for file in files]
    return _digest((fingerprint.of(*_CODE), texts))


def _state(path: pathlib.Path) -> tuple[str, int, int]:
    if not path.is_file():
        return path.name, -1, -1
    stat = path.stat()
    return path.name, stat.st_size, stat.st_mtime_ns


def _records(sources: RunSources) -> Iterator[Any]:
    artifacts = {one.id: one for found in sources.artifacts.values() for one in found}
    for key in sorted(artifacts):
        yield key, artifacts[key].state, sorted(artifacts[key].properties.items())
    if sources.store is not None:
        links = sources.store.links_of_artifacts(artifacts)
        yield sorted({link.execution_id for link in links})


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def page_text(page: Page, sources: RunSources, *, is_standalone: bool = False) -> str:
    """The HTML of one page of a run.

    Args:
      page: One of `PAGES`.
      sources: Sources of the run.
      is_standalone: Whether the page must need no other file; it then shows no face crops and
        has no navigation.

    Raises:
      DashboardError: What it is made from breaks its contract.
    """
    content = page.content(sources)
    frame = Frame(
        title=f"{page.title} of {sources.run_id}",
        subtitle=sources.report.pipeline,
        root=_ROOT,
        notice=sources.report.notice,
        crumbs=() if is_standalone else (Link(title="All runs", href=f"{_ROOT}index.html"),),
        tabs=() if is_standalone else _tabs(page, sources),
        is_standalone=is_standalone,
        is_live=sources.is_running,
    )
    if isinstance(content, Absent):
        values = {"reason": content.reason, "advice": content.advice}
        return rendering.page("absent.html", frame, values)
    return rendering.page(content.template, frame, content.values)


def write_pages(sources: RunSources, pages: Sequence[Page] = PAGES) -> tuple[pathlib.Path, ...]:
    """Writes pages of a run, and what all pages share; returns their files.

    With the first page of a run that has ended comes its comparison with the run before it.

    Raises:
      DashboardError: What a page is made from breaks its contract.
    """
    rendering.write_assets(sources.site)
    before = predecessor(sources) if RUN in pages and not sources.is_running else None
    written = () if before is None else (write_comparison(before, sources),)
    stamp = stamp_of_run(sources)
    return (*written, *(write_page(page, sources, stamp) for page in pages))


def write_index(output: pathlib.Path, store: Store | None) -> pathlib.Path:
    """Writes the page of all runs, and what all pages share; returns its file.

    Args:
      output: The output folder.
      store: ML Metadata; None where nothing is recorded yet.
    """
    site, found = DashboardFolder.below(output), entries.of_output(output)
    rendering.write_assets(site)
    content = index_page.content(output, found, store)
    pipelines = sorted({run.pipeline for run in found.entries})
    frame = Frame(
        title=f"Runs of {' and '.join(pipelines)}" if len(pipelines) in (1, 2) else "Runs",
        subtitle=str(output),
        notice=index_page.notice(found.entries),
        is_live=any(run.is_running for run in found.entries),
    )
    files.write(site.index, rendering.page(content.template, frame, content.values))
    return site.index


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


def predecessor(sources: RunSources, runs: Sequence[Entry] | None = None) -> RunSources | None:
    """The run that this one is compared with by default; None without one, or without records.

    Args:
      sources: Sources of the run to compare.
      runs: All runs below its output folder, oldest first; read where they are not given.
    """
    runs = entries.of_output(sources.output).entries if runs is None else runs
    former = entries.predecessor(runs, sources.run_id)
    if former is None or sources.store is None:
        return None
    found = run_sources.of_run(RunFolder(sources.output / former.run_id), sources.store)
    try:
        run_sources.check_report(found)
    except UnreadableRunError:  # told of that run
        return None
    return found


def page_path(page: Page, sources: RunSources) -> pathlib.Path:
    """Where a page of a run lies."""
    return sources.site.run(sources.run_id) / f"{page.name}.html"


def write_page(page: Page, sources: RunSources, stamp: str) -> pathlib.Path:
    """Writes one page of a run, and the stamp of what it was made from; returns its file."""
    path = page_path(page, sources)
    files.write(path, page_text(page, sources))
    put_stamp(path, stamp)
    return path


def _tabs(current: Page, sources: RunSources) -> tuple[Link, ...]:
    own = [
        Link(title=page.title, href=f"{page.name}.html", is_current=page.name == current.name)
        for page in PAGES
    ]
    former = _compared_with(sources)
    if former:
        address = address_of_comparison(former, sources.run_id)
        own.append(Link(title="What changed", href=f"{_ROOT}{address}"))
    return tuple(own)


def _compared_with(sources: RunSources) -> str:
    """The run before, where the comparison with it is written; empty where it is not.

    All runs are read only where several comparisons leave open which run that is.
    """
    own = f"--{sources.run_id}.html"
    found = [path for path in sources.site.comparisons() if path.name.endswith(own)]
    names = [path.name.removesuffix(own) for path in found]
    if len(names) < 2:
        return "".join(names)
    former = entries.predecessor(entries.of_output(sources.output).entries, sources.run_id)
    return former.run_id if former and former.run_id in names else ""
