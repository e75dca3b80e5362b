"""Serves a site on this machine, and brings each page up to date before it answers.

It is for one person's browser: no accounts, no writing, nothing outside the site's folder.
Starlette and uvicorn are imported here and nowhere else: pages are made without them.
"""

import contextlib
import errno
import hashlib
import ipaddress
import os
import pathlib
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import rendering, site, sources
from pipeline.dashboards.index import entries
from pipeline.dashboards.pages import PAGES, RUN, Page, pair_of
from pipeline.dashboards.rendering import Frame
from pipeline.runs import folders
from pipeline.runs.folders import DashboardFolder, RunFolder
from schemas import erased
from schemas.errors import DashboardError, DeepfakeError

Around = Callable[[], contextlib.AbstractContextManager[None]]

_PAGES: Final[dict[str, Page]] = {page.name: page for page in PAGES}
_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".jpg": "image/jpeg",
}
_HEADERS: Final = [
    ("Cache-Control", "no-cache"),  # ask each time; an unchanged page costs no transfer
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Server", "deepfake"),
]
_MOST_CONNECTIONS: Final = 64  # a browser opens six; more get the status 503
_IDLE_SECONDS: Final = 30  # until a connection that asks for nothing more is closed
_ENDING_SECONDS: Final = 1.0  # that answers may still take after Ctrl-C


class Refresher:
    """Makes pages whose sources have changed; one page at a time, whoever asks.

    What a page was made from is looked up in the files' sizes and times first: a page that polls
    costs a few system calls while nothing happens.
    """

    def __init__(self, config: PipelineConfig, around: Around = contextlib.nullcontext) -> None:
        """Makes nothing yet.

        Args:
          config: Names the output folder of the runs, and their ML Metadata.
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
                result = site.update(sources.of_run(folder, site.opened(self._config)), [page])
                for error in result.errors:
                    raise error

    def _pair(self, address: pathlib.PurePosixPath, name: str) -> None:
        names = pair_of(name, lambda run_id: self._run(run_id) is not None)
        if names is None:
            return
        pair = [RunFolder(self._output / run_id) for run_id in names]
        signatures = tuple(_signature(folder) for folder in pair)
        with self._if_changed(address, (signatures, *self._ended())) as is_due:
            if is_due:
                records = site.opened(self._config)
                before, after = (sources.of_run(folder, records) for folder in pair)
                site.update_pair(before, after)

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


def _signature(folder: RunFolder) -> Any:
    """Files, and whether a run goes on: one that is killed changes none of its files."""
    has_ended = folder.summary.is_file()
    return entries.signature(folder), not has_ended and folders.is_abandoned(folder)


class SiteServer(uvicorn.Server):
    """Listens from the start, and answers for one site while `serve_forever` runs.

    Setting `should_exit` from another thread ends it, as Ctrl-C does.

    Attributes:
      port: The TCP port that it listens on.
      url: Address of the page of all runs.
    """

    def __init__(self, app: Starlette, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,  # the terminal is for what matters: bugs, with their traceback
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                headers=_HEADERS,
                limit_concurrency=_MOST_CONNECTIONS,
                timeout_keep_alive=_IDLE_SECONDS,
            )
        )
        self._listener = listener
        host, self.port = listener.getsockname()[:2]
        self.url = f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def serve_forever(self) -> None:
        """Answers until it is told to end; a page that is being made then does not hold it up.

        Raises:
          KeyboardInterrupt: After Ctrl-C.
        """
        ended = threading.Event()

        def answer() -> None:
            try:
                self.run(sockets=[self._listener])
            finally:
                ended.set()

        # Threads that make pages inherit from this one that they end with the process; those of the
        # main one would be waited for, and to make a page takes seconds.
        threading.Thread(target=answer, daemon=True).start()
        try:
            ended.wait()
        finally:
            self.should_exit = True
            ended.wait(_ENDING_SECONDS)


@contextlib.contextmanager
def opened(
    config: PipelineConfig,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    around: Around = contextlib.nullcontext,
) -> Iterator[SiteServer]:
    """A server that listens; `serve_forever` makes it answer.

    Args:
      config: Configuration of the runs.
      host: Address to listen on.
      port: 0 for any that is free.
      around: Context in which pages are made.

    Raises:
      DashboardError: `port_in_use`: It cannot listen there.
    """
    folder = DashboardFolder.below(pathlib.Path(config.output))
    rendering.write_assets(folder)
    names = frozenset(("localhost", host.lower()))
    app = Starlette(
        routes=[Mount("/", app=_Site(folder.path.absolute(), Refresher(config, around), names))],
        exception_handlers={HTTPException: _refusal},
    )
    with _listening(host, port) as listener:
        yield SiteServer(app, listener)


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise DashboardError(
            "port_in_use",
            f"cannot listen on {host}, port {port}: {error.strerror}; choose another --port, or 0"
            " for any that is free",
        ) from error
    return listener


class _Site(StaticFiles):
    """The files of a site, each made anew where it is out of date; GET and HEAD only."""

    def __init__(self, folder: pathlib.Path, refresher: Refresher, names: frozenset[str]) -> None:
        super().__init__(directory=folder)
        self._refresher = refresher
        self._names = names

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path`, relative to the folder, `.` for the folder itself."""
        request = Request(scope)
        if not is_own_name(request.headers.get("host", ""), self._names):
            # A page of a stranger whose name was pointed at this machine would read everything.
            raise HTTPException(HTTPStatus.MISDIRECTED_REQUEST, "This server is not called that.")
        address = pathlib.PurePosixPath(path)
        if request.url.path.endswith("/"):
            address /= "index.html"
        is_hidden = any(part.startswith(".") for part in address.parts)  # the stamps, and `..`
        if is_hidden or address.suffix not in _TYPES:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if request.method in ("GET", "HEAD"):
            await self._refresh(address)
        return await super().get_response(str(address), scope)

    async def _refresh(self, address: pathlib.PurePosixPath) -> None:
        try:
            await run_in_threadpool(self._refresher.refresh, address)
        except DeepfakeError as error:
            reason = f"{error} ({error.code})"
            raise HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR, reason) from error
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise HTTPException(HTTPStatus.NOT_FOUND) from error

    def file_response(
        self,
        full_path: PathLike,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = HTTPStatus.OK,
    ) -> Response:
        """The file as it is at one moment: Starlette's own would announce the size of a page that
        was replaced before its content is read."""
        path = pathlib.Path(full_path)
        content = path.read_bytes()
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'}
        response = Response(content, status_code, headers, _TYPES[path.suffix])
        if self.is_not_modified(response.headers, Request(scope).headers):
            return NotModifiedResponse(response.headers)
        return response


async def _refusal(_: Request, error: Exception) -> Response:
    """The page that says why there is none."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    reason = "There is no such page." if error.detail == status.phrase else error.detail
    frame = Frame(title=status.phrase, root="/")
    values = {"reason": reason, "advice": "The page of all runs leads to everything."}
    text = rendering.page("absent.html", frame, values)
    return HTMLResponse(text, status, error.headers)


def is_own_name(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header names this server: an address, or one of its names.

    A name that DNS may point anywhere is refused; an address cannot be. Starlette's
    TrustedHostMiddleware knows names alone, and a server on 0.0.0.0 has any address of the machine.
    """
    try:
        name = urllib.parse.urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
