"""`deepfake dashboard`: what it makes, prints and ends with."""

import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest

from pipeline.cli import dashboard, main
from pipeline.dashboards import server
from pipeline.dashboards.pages import DATA, Absent, Page
from pipeline.runs import events
from pipeline.runs.events import Outcome
from schemas.errors import DashboardError


@pytest.fixture
def pages(monkeypatch):
    """Every page is a sentence; the data page of the runs in the set cannot be made."""
    broken = set()

    def content(self):
        def build(run):
            if self is DATA and run.run_id in broken:
                raise DashboardError("training_record", "the record is wrong; correct it")
            return Absent(reason="Nothing.")

        return build

    monkeypatch.setattr(Page, "content", property(content))
    return broken


@pytest.fixture
def output(tmp_path, made_run):
    for name in ("20260101-a", "20260102-b"):
        made_run(tmp_path, name, events.RunEnded(outcome=Outcome.FAILED, time=110.0))
    return tmp_path


def call(capsys, *arguments):
    status = main.main(["dashboard", *arguments])
    return status, capsys.readouterr()


def test_it_makes_the_site_says_so_by_run_and_names_the_file(output, pages, capsys):
    status, printed = call(capsys, "--output", str(output))
    index = output / "dashboard" / "index.html"
    assert status == 0
    assert printed.out.splitlines() == [
        "20260101-a  6 pages made",
        "20260102-b  6 pages made",
        f"open {index}",
    ]
    assert printed.err == ""
    assert index.is_file()
    _, again = call(capsys, "--output", str(output))
    assert again.out.splitlines()[:2] == ["20260101-a  up to date", "20260102-b  up to date"]
    _, forced = call(capsys, "--output", str(output), "--force")
    assert forced.out.startswith("20260101-a  6 pages made")


@pytest.mark.parametrize("name", ["latest", "20260102", "20260102-b"])
def test_one_run_is_named_by_its_start_or_as_the_latest(output, pages, capsys, name):
    _, printed = call(capsys, name, "--output", str(output))
    assert printed.out.splitlines()[:-1] == ["20260102-b  6 pages made"]
    assert not (output / "dashboard" / "runs" / "20260101-a").exists()


def test_pages_that_cannot_be_made_are_told_with_their_code_and_status_1(output, pages, capsys):
    pages.add("20260101-a")
    status, printed = call(capsys, "--output", str(output))
    assert status == dashboard.INCOMPLETE == 1
    assert printed.out.splitlines()[:3] == [
        "20260101-a  5 pages made",
        "20260101-a  training_record: the record is wrong; correct it",
        "20260102-b  6 pages made",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x"], "no run starts with 'x'"),
        (["2026"], "several runs start with '2026'"),
        (["--compare", "latest", "20260102"], "are the same run, 20260102-b; name two"),
        (["--compare", "latest", "x"], "no run starts with 'x'"),
        (["--compare", "20260101", "latest"], "no records of 20260101-a"),
    ],
)
def test_a_bad_call_ends_with_status_2(output, pages, capsys, arguments, message):
    status, printed = call(capsys, *arguments, "--output", str(output))
    assert status == 2
    assert message in printed.err


def test_a_port_that_is_taken_ends_with_status_2(output, pages, capsys):
    from pipeline.config import load

    config = load.with_overrides(load.load("local"), {"output": str(output)})
    with server.opened(config, port=0) as other:
        port = str(other.port)
        status, printed = call(capsys, "--output", str(output), "--serve", "--port", port)
    assert status == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in printed.err


@pytest.fixture
def serving(output):
    """A process that serves `output`, and the address that it printed; a page takes for ever as
    soon as the file `slow` is there."""
    plain = (  # real ones take TFMA's seconds
        "import pathlib, sys, time; from pipeline.cli import main\n"
        "from pipeline.dashboards.pages import *\n"
        f"slow = pathlib.Path({str(output)!r}, 'slow')\n"
        "made = lambda run: Absent(reason=time.sleep(600) if slow.exists() else 'Nothing.')\n"
        "Page.content = property(lambda self: made)\n"
        "sys.exit(main.main(sys.argv[1:]))"
    )
    command = (sys.executable, "-c", plain, "dashboard", "--output", str(output))
    # A shell that starts jobs in the background makes them ignore Ctrl-C: ask for it again.
    process = subprocess.Popen(
        [*command, "--serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        line = next(line for line in process.stdout if line.startswith("serving "))
        yield process, line.split()[1]
    finally:
        process.kill()
        process.communicate()


def test_it_serves_until_ctrl_c_and_then_ends_quietly_with_status_0(serving):
    process, url = serving
    assert url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(url) as answer:
        assert "Runs of deepfake" in answer.read().decode()
    process.send_signal(signal.SIGINT)
    _, printed = process.communicate(timeout=60)
    assert (process.returncode, printed) == (0, "")


def test_ctrl_c_waits_neither_for_a_page_that_is_made_nor_for_a_browser(output, serving):
    process, url = serving
    (output / "slow").touch()
    (output / "20260101-a" / "config.yaml").write_text("name: another\n")
    server = urllib.parse.urlsplit(url)
    where = (server.hostname, server.port)
    with socket.create_connection(where), socket.create_connection(where) as asking:
        asking.sendall(b"GET /runs/20260101-a/data.html HTTP/1.1\r\nHost: localhost\r\n\r\n")
        asking.settimeout(2)
        with pytest.raises(TimeoutError):
            asking.recv(1)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, printed = process.communicate(timeout=60)
        assert time.monotonic() - began < 10  # about one second on an idle machine
    assert (process.returncode, printed) == (0, "")


def test_help_comes_without_what_makes_pages():
    script = (
        "import sys; from pipeline.cli import main; main.main(['dashboard', '--help']);"
        "heavy = {'jinja2', 'ml_metadata', 'tensorflow', 'numpy', 'starlette', 'uvicorn'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Ctrl-C" in done.stdout


def test_pages_are_made_without_what_serves_them():
    script = (
        "import sys; from pipeline.dashboards import site;"
        "sys.exit(', '.join(sorted({'starlette', 'uvicorn'} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_is_said_which_folder_pages_lie_in(output, pages, capsys):
    call(capsys, "--output", str(output))
    made = {path.name for path in pathlib.Path(output, "dashboard").iterdir()}
    assert made == {"assets", "index.html", "runs"}
