"""What a page was made from, as a digest beside it: a page that is up to date is not made again."""

import functools
import hashlib
import importlib.resources
import json
import pathlib
from collections.abc import Iterator
from typing import Any, Final

from components import fingerprint
from pipeline.dashboards.sources import RunSources
from schemas import erased

_CODE: Final = ("pipeline.dashboards", "pipeline.evaluation", "pipeline.lineage", "schemas")


def of_run(sources: RunSources) -> str:
    """SHA-256 over everything that the pages of a run are made from.

    That is the code, the journal, the report, the panels' data, the list of erased keys, and what
    ML Metadata says of the run's artifacts: also which later executions used them.
    """
    panels = sorted(sources.folder.panels.glob("*.json"))
    listed = sources.output / erased.FILE_NAME
    said = (
        _code(),
        sources.summary,
        sources.state.ended,
        sources.is_running,
        [_state(path) for path in (sources.folder.config, sources.folder.ir, listed, *panels)],
        list(_records(sources)),
    )
    return _digest(said)


def of_pair(before: RunSources, after: RunSources) -> str:
    """The same of the page of two runs."""
    return _digest((of_run(before), of_run(after)))


def is_current(page: pathlib.Path, stamp: str) -> bool:
    """Whether the page is there and was made from the same."""
    beside = _beside(page)
    return page.is_file() and beside.is_file() and beside.read_text(encoding="utf-8") == stamp


def put(page: pathlib.Path, stamp: str) -> None:
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
