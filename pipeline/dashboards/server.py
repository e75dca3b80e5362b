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
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

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
from pipeline.dashboards import rendering
from pipeline.dashboards.rendering import Frame
from pipeline.dashboards.site import Around, Refresher
from pipeline.runs.folders import DashboardFolder
from schemas.errors import DashboardError, DeepfakeError

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
    site = DashboardFolder.below(pathlib.Path(config.output))
    rendering.write_assets(site)
    names = frozenset(("localhost", host.lower()))
    app = Starlette(
        routes=[Mount("/", app=_Site(site.path.absolute(), Refresher(config, around), names))],
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
