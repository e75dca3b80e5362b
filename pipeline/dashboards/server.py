"""Serves a site on this machine, and brings each page up to date before it answers.

It is for one person's browser: no accounts, no writing, nothing outside the site's folder.
"""

import contextlib
import errno
import hashlib
import http.server
import ipaddress
import pathlib
import socket
import sys
import urllib.parse
from http import HTTPStatus
from typing import Any, Final

from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import rendering
from pipeline.dashboards.rendering import Frame
from pipeline.dashboards.site import Around, Refresher
from pipeline.runs.folders import DashboardFolder
from schemas.errors import DashboardError, MetadataError

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8765

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".jpg": "image/jpeg",
}
_HEADERS: Final = {
    "Cache-Control": "no-cache",  # ask each time; an unchanged page costs no transfer
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SECONDS: Final = 30.0  # until a silent connection is closed


class SiteServer(http.server.ThreadingHTTPServer):
    """Answers for one site until it is shut down.

    Attributes:
      folder: Of the site.
      refresher: Makes pages.
      names: Names of this server that a browser may call it by, besides addresses.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int, folder: pathlib.Path, refresher: Refresher) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.folder = folder.absolute()
        self.refresher = refresher
        self.names = frozenset(("localhost", host.lower()))
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tells of bugs; that a browser went away in the middle of an answer is none."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Address of the page of all runs."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}/" if ":" in str(host) else f"http://{host!s}:{port}/"


def opened(
    config: PipelineConfig,
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    around: Around = contextlib.nullcontext,
) -> SiteServer:
    """A server that listens; `serve_forever` makes it answer.

    Args:
      config: Of the runs.
      host: Address to listen on.
      port: 0 for any that is free.
      around: Context in which pages are made.

    Raises:
      DashboardError: `port_in_use`: It cannot listen there.
    """
    site = DashboardFolder.below(pathlib.Path(config.output))
    rendering.write_assets(site)
    try:
        return SiteServer(host, port, site.path, Refresher(config, around))
    except OSError as error:
        raise DashboardError(
            "port_in_use",
            f"cannot listen on {host}, port {port}: {error.strerror}; choose another --port, or 0"
            " for any that is free",
        ) from error


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection; GET and HEAD only: nothing can be changed from here."""

    server: SiteServer
    protocol_version = "HTTP/1.1"
    server_version = "deepfake"
    sys_version = ""
    timeout = _SECONDS

    def do_GET(self) -> None:
        """Answers with a file of the site."""
        self._answer()

    def do_HEAD(self) -> None:
        """The same without its content."""
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Keeps the terminal for what matters."""

    def _answer(self) -> None:
        if not is_own_name(self.headers.get("Host", ""), self.server.names):
            # A page of a stranger whose name was pointed at this machine would read everything.
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "This server is not called that.")
            return
        address = address_of(self.path)
        if address is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such page.")
            return
        try:
            self.server.refresher.refresh(address)
        except (DashboardError, MetadataError) as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"{error} ({error.code})")
            return
        path = (self.server.folder / address).resolve()
        is_inside = path.is_relative_to(self.server.folder.resolve())
        if not is_inside or path.suffix not in _TYPES or not _is_file(path):
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such page.")
            return
        self._send(HTTPStatus.OK, path.read_bytes(), _TYPES[path.suffix])

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        frame = Frame(title=status.phrase, root="/")
        values = {"reason": reason, "advice": "The page of all runs leads to everything."}
        text = rendering.page("absent.html", frame, values)
        self._send(status, text.encode(), _TYPES[".html"])

    def _send(self, status: HTTPStatus, content: bytes, media_type: str) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        if status is HTTPStatus.OK and _is_known(self.headers.get("If-None-Match", ""), tag):
            status, content = HTTPStatus.NOT_MODIFIED, b""
        self.send_response(status)
        for name, value in (_HEADERS | {"ETag": tag}).items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def is_own_name(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header names this server: an address, or one of its names.

    A name that DNS may point anywhere is refused; an address cannot be.
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


def address_of(target: str) -> pathlib.PurePosixPath | None:
    """What a request asks for, relative to the site; None for what is never served.

    Args:
      target: Path and query of the request line.
    """
    path = urllib.parse.unquote(urllib.parse.urlsplit(target).path)
    if not path.startswith("/") or "\\" in path or "\0" in path:
        return None
    parts = path.split("/")[1:]
    if parts[-1] == "":
        parts[-1] = "index.html"
    if any(part == "" or part.startswith(".") for part in parts):
        return None  # also what leads out of the folder, and the stamps
    return pathlib.PurePosixPath(*parts)


def _is_known(header: str, tag: str) -> bool:
    known = (one.strip().removeprefix("W/") for one in header.split(","))
    return any(one in (tag, "*") for one in known)


def _is_file(path: pathlib.Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise
