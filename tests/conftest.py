"""What all tests share: their order, and for those that ask a real MariaDB server and browser."""

import getpass
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pymysql
import pytest
from axe_playwright_python import sync_playwright as axe_playwright
from playwright import sync_api as browser_api
from xdist.scheduler import LoadScopeScheduling

from pipeline.config.sections import PASSWORD_VARIABLE, USERNAME_VARIABLE

_START_SECONDS = 60.0
_PROGRAMS = ("mariadb-install-db", "mariadbd")
# Debian keeps the server where only an administrator's PATH looks.
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


# Files whose tests share the runs of a session, and so a worker.
_SHARE_RUNS = {"test_local_run.py", "test_dashboards.py", "test_kubeflow_steps.py"}


class _FilesTogether(LoadScopeScheduling):
    """Gives each worker whole files, and those that share runs to one of them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "runs" if pathlib.PurePath(file).name in _SHARE_RUNS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Not by marks of groups: pytest-xdist 3.8 does not see them under pytest 9.2."""
    return _FilesTogether(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sorts: fast tests first, or on several workers last.

    What takes longest begins first there, so that all workers end at about the same time.
    """
    is_worker = hasattr(config, "workerinput")
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None) is is_worker)


class MariaDb:
    """A MariaDB server of the test session, on the loopback interface only.

    Attributes:
      host: Where it listens.
      port: Where it listens; stays the same over `restart`.
      username: Account of the pipeline, with all rights on the databases of `create_database`.
      password: Of that account.
      folder: Its data, socket and log.
    """

    host = "127.0.0.1"
    username = "deepfake"
    password = "not-a-secret"

    def __init__(self, folder: pathlib.Path, *options: str) -> None:
        self.folder = folder
        self.port = _free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        subprocess.run(
            [
                _program("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={folder / 'data'}",
                f"--user={getpass.getuser()}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--debug-no-sync",
                "--innodb-flush-method=nosync",
            ],
            check=True,
            capture_output=True,
            timeout=_START_SECONDS,
        )
        self.start()
        self.root(f"CREATE USER '{self.username}'@'%' IDENTIFIED BY '{self.password}'")

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _program("mariadbd"),
                    "--no-defaults",
                    f"--datadir={self.folder / 'data'}",
                    f"--socket={self.folder / 'socket'}",
                    f"--pid-file={self.folder / 'pid'}",
                    f"--port={self.port}",
                    f"--bind-address={self.host}",
                    f"--user={getpass.getuser()}",
                    "--innodb-buffer-pool-size=32M",
                    "--innodb-log-file-size=16M",
                    # Power cuts are not tested; with them, making tables waits for the disk.
                    "--debug-no-sync",
                    "--innodb-flush-method=nosync",
                    "--innodb-flush-log-at-trx-commit=2",
                    "--skip-name-resolve",
                    "--plugin-maturity=unknown",
                    *self._options,
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._reach()
                self.root("SELECT 1")
                return
            except (OSError, pymysql.err.OperationalError):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def _reach(self) -> None:
        """Raises OSError while nobody listens: pymysql would leave its socket open."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.folder / "socket"))

    def stop(self) -> None:
        """Stops the server, as a restart of its pod would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_START_SECONDS)
            self._process = None

    def kill(self) -> None:
        """Ends the server at once, as a lost machine would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_START_SECONDS)
            self._process = None

    def restart(self) -> None:
        """Stops and starts the server; it keeps its port and its data."""
        self.stop()
        self.start()

    def root(self, statement: str) -> list[tuple[object, ...]]:
        """Runs `statement` as the administrator and returns its rows."""
        connection = pymysql.connect(
            unix_socket=str(self.folder / "socket"), user="root", autocommit=True
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def create_database(self) -> str:
        """Makes an empty database that the account may do anything on; returns its name."""
        name = f"deepfake_{next(self._numbers)}"
        self.root(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        self.root(f"GRANT ALL ON `{name}`.* TO '{self.username}'@'%'")
        return name

    def settings(self, database: str) -> dict[str, object]:
        """Overrides that make `database` the store of a configuration."""
        return {
            "metadata.backend": "mysql",
            "metadata.host": self.host,
            "metadata.port": self.port,
            "metadata.database": database,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The variables that hold the account."""
        return {USERNAME_VARIABLE: self.username, PASSWORD_VARIABLE: self.password}


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """A real server; skips where MariaDB is not installed."""
    missing = [program for program in _PROGRAMS if shutil.which(program, path=_PATH) is None]
    if missing:
        pytest.skip(f"needs a MariaDB server (Debian's mariadb-server): no {', '.join(missing)}")
    # Pytest's own folders are too long for the path of a socket.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mariadb-", dir=_roomy_memory()))
    server = MariaDb(folder)
    try:
        yield server
    finally:
        server.kill()  # nobody needs its data
        shutil.rmtree(folder)


@pytest.fixture
def mariadb_account(mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> MariaDb:
    """The server, with its account in the environment of the test and of what it starts."""
    for name, value in mariadb.environment.items():
        monkeypatch.setenv(name, value)
    return mariadb


def _roomy_memory() -> str | None:
    """The file system in memory where there is room for a server: disks of CI are slow."""
    memory = "/dev/shm"
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    return memory if roomy else None


def _program(name: str) -> str:
    return shutil.which(name, path=_PATH) or name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_BROWSERS = ("chromium", "google-chrome")
_BROWSER_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_OWN_SCHEMES = ("file", "data", "blob", "about")
# Charts below the fold are drawn when they come near it.
_ARE_DRAWN = """() => {
  const waiting = [...document.querySelectorAll("figure.chart:not([data-drawn])")];
  return waiting.every((chart) => {
    const { top, bottom, height } = chart.getBoundingClientRect();
    return height === 0 || bottom < 0 || top > window.innerHeight;
  });
}"""


# Not of the session: while it is open, nothing else in the process can run an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[browser_api.Browser]:
    """A real browser that resolves no name; skips where there is none."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip("needs Chromium (Debian's chromium)")
    with browser_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_BROWSER_FLAGS)
        yield browser
        browser.close()


class Pages:
    """Opens pages without a network, and remembers what they said and asked for."""

    def __init__(self, browser: browser_api.Browser) -> None:
        self._browser = browser
        self._contexts: list[browser_api.BrowserContext] = []
        self._tolerated: list[str] = []
        self.complaints: list[str] = []

    def __call__(
        self,
        address: pathlib.Path | str,
        *,
        width: int = 1280,
        dark: bool = False,
        tolerates: Sequence[str] = (),
    ) -> browser_api.Page:
        """A page whose charts in view are drawn.

        Args:
          address: A file, or the address of a page; only its own origin is then answered.
          width: Of the window, in pixels.
          dark: Whether the system asks for dark colours.
          tolerates: Parts of what the console may say.
        """
        url = address.as_uri() if isinstance(address, pathlib.Path) else address
        self._tolerated += tolerates
        context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        self._contexts.append(context)
        context.route("**/*", lambda route: self._answer(route, url))
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.goto(url)
        page.wait_for_function(_ARE_DRAWN)
        return page

    def scroll(self, page: browser_api.Page, selector: str) -> None:
        """Puts an element at the top of the window, and waits for the charts there."""
        page.locator(selector).first.evaluate("element => element.scrollIntoView()")
        page.wait_for_function(_ARE_DRAWN)

    def close(self) -> None:
        """Closes all pages."""
        for context in self._contexts:
            context.close()

    def _answer(self, route: browser_api.Route, url: str) -> None:
        asked, own = urllib.parse.urlsplit(route.request.url), urllib.parse.urlsplit(url)
        is_own = asked.scheme.startswith("http") and asked[:2] == own[:2]
        if asked.scheme in _OWN_SCHEMES or is_own:
            route.continue_()
        else:
            self.complaints.append(f"asked for {route.request.url}")
            route.abort()

    def _heard(self, message: browser_api.ConsoleMessage) -> None:
        is_tolerated = any(part in message.text for part in self._tolerated)
        if message.type in ("warning", "error") and not is_tolerated:
            self.complaints.append(f"console {message.type}: {message.text}")


@pytest.fixture
def opened(chromium: browser_api.Browser) -> Iterator[Pages]:
    """`opened(path_or_url, width=1280, dark=False)`: a page in Chromium, without a network.

    At the end of the test no page may have complained on its console, failed, or asked for
    anything outside its own site.
    """
    pages = Pages(chromium)
    yield pages
    pages.close()
    assert not pages.complaints


@pytest.fixture(scope="session")
def axe() -> Callable[[browser_api.Page], list[dict[str, Any]]]:
    """Serious and critical violations of the accessibility rules, by axe-core, on a page."""
    script = axe_playwright.Axe()
    # Files may neither be asked for again as style sheets nor be spoken to as frames.
    options = {"preload": False, "iframes": False}

    def violations(page: browser_api.Page) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = script.run(page, options=options).response["violations"]
        return [one for one in found if one["impact"] in ("serious", "critical")]

    return violations
