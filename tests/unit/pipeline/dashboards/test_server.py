"""A real server, runs whose journals grow, and a real browser that follows them."""

import fcntl
import http.client
import pathlib
import socket
import struct
import threading
import urllib.parse

import pytest
from coded import raises_code

from pipeline.config import load
from pipeline.dashboards import server, site
from pipeline.dashboards.pages import Absent, Page
from pipeline.runs import events, folders
from pipeline.runs.events import NodeState, Outcome


@pytest.fixture
def answering(make_run):
    """A server of the output folder of `make_run`."""
    config = load.with_overrides(load.load("demo"), {"output": str(make_run.output)})
    with server.opened(config, port=0) as opened:
        thread = threading.Thread(target=opened.serve_forever)
        thread.start()
        yield opened
        opened.should_exit = True
        thread.join()


@pytest.fixture
def ask(answering):
    """`ask("/index.html", method="HEAD", Host="...")`: the answer, its text in `text`."""

    def ask(target, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", answering.port, timeout=60)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, headers=names)
        answer = connection.getresponse()
        answer.text = answer.read().decode(errors="replace")
        connection.close()
        return answer

    return ask


@pytest.fixture
def plain(monkeypatch):
    """Pages are a sentence; the list grows with each that is made."""
    made = []

    def content(self):
        def build(run):
            made.append((self.name, run.run_id))
            return Absent(reason=f"{len(run.state.nodes)} nodes, ended {run.state.ended:.0f}.")

        return build

    monkeypatch.setattr(Page, "content", property(content))
    return made


def test_the_first_page_is_the_index_of_all_runs(make_run, auc, ask, plain):
    make_run("r1", auc(overall=(0.9, 0.8, 1.0)), version="7")
    answer = ask("/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Runs of made" in answer.text
    assert 'href="runs/r1/index.html"' in answer.text
    assert ask("/runs/r1/").status == 200


def test_style_and_scripts_come_with_their_types_and_security_headers(ask):
    answer = ask("/assets/site.css")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert ask("/assets/site.js").headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_an_unchanged_page_is_not_sent_again(make_run, ask, plain):
    make_run.begin("r1")
    first = ask("/runs/r1/index.html")
    again = ask("/runs/r1/index.html", If_None_Match=first.headers["ETag"])
    assert (again.status, again.text) == (304, "")
    listed = ask("/runs/r1/index.html", If_None_Match=f'"other", W/{first.headers["ETag"]}')
    assert listed.status == 304
    assert ask("/runs/r1/index.html", If_None_Match='"other"').status == 200


def test_head_says_the_same_without_the_page(make_run, ask, plain):
    make_run.begin("r1")
    head, whole = ask("/", method="HEAD"), ask("/")
    assert (head.status, head.text) == (200, "")
    assert head.headers["Content-Length"] == str(len(whole.text.encode()))
    assert head.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(ask, method):
    answer = ask("/index.html", method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "target",
    [
        "/missing.html",
        "/assets",
        "/assets/",
        "/runs/r1",
        "/../metadata.db",
        "/..%2fsecret.html",
        "/%2e%2e/secret.html",
        "/assets/../../secret.html",
        "/..%5csecret.html",
        "/secret%00.html",
        "/runs/r1/.index.html.made-from",
        "/link.html",
        "/notes.txt",
        "/runs/..%2f..%2fr1/index.html",
        "//etc/passwd.html",
        "/a%0ab.html",
        f"/{'x' * 300}.html",
        f"/runs/{'x' * 300}/index.html",
        "/runs/r%001/index.html",
    ],
)
def test_nothing_outside_the_site_or_hidden_in_it_is_served(make_run, ask, plain, target):
    make_run.begin("r1")
    assert ask("/runs/r1/index.html").status == 200
    secret = make_run.output / "secret.html"
    secret.write_text("a secret")
    (make_run.output / "dashboard" / "link.html").symlink_to(secret)
    (make_run.output / "dashboard" / "notes.txt").write_text("a secret")
    answer = ask(target)
    assert answer.status == 404
    assert "secret" not in answer.text
    assert "There is no such page." in answer.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:9000", 200),  # a tunnel has another port
        ("127.0.0.1:8765", 200),
        ("[::1]:8765", 200),
        ("evil.example", 421),
        ("evil.example:8765", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_a_name_that_anybody_may_point_here_is_refused(ask, host, status):
    assert ask("/assets/site.css", Host=host).status == status


def test_a_page_of_a_run_that_goes_on_follows_its_journal(make_run, ask, plain):
    folder = make_run.begin("r1")
    first = ask("/runs/r1/index.html")
    assert "ended 3600." in first.text
    assert "<body data-live>" in first.text
    for _ in range(3):
        ask("/runs/r1/index.html")
    assert plain == [("index", "r1")]  # nothing happened, nothing was made
    make_run.add(folder, events.NodeStarted(node="Evaluator", time=3700.0))
    second = ask("/runs/r1/index.html")
    assert "ended 3700." in second.text
    assert second.headers["ETag"] != first.headers["ETag"]
    make_run.add(folder, events.RunEnded(outcome=Outcome.FINISHED, time=3800.0))
    assert "data-live" not in ask("/runs/r1/index.html").text


def test_runs_that_begin_while_it_serves_appear_with_their_page(make_run, auc, ask, plain):
    assert "No runs yet" in ask("/").text
    make_run.begin("r1")
    found = ask("/")
    assert 'href="runs/r1/index.html"' in found.text
    assert "<body data-live>" in found.text
    assert ask("/runs/r1/data.html").status == 200
    assert plain == [("index", "r1"), ("data", "r1")]


def test_a_page_is_made_once_however_many_ask_for_it(make_run, ask, plain):
    make_run.begin("r1")
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(ask("/runs/r1/data.html").status))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    assert plain == [("data", "r1")]


def test_any_pair_is_made_when_it_is_asked_for(make_run, ask, plain, monkeypatch):
    for name in ("r--1", "r2"):
        make_run.begin(name)
    pairs = []

    def write(before, after):
        pairs.append((before.run_id, after.run_id))
        path = after.site.comparison(before.run_id, after.run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("compared")
        return path

    monkeypatch.setattr(site, "write_comparison", write)
    assert ask("/compare/r--1--r2.html").text == "compared"
    assert pairs == [("r--1", "r2")]
    assert ask("/compare/r2--unknown.html").status == 404
    assert ask("/compare/r2.html").status == 404


def test_what_cannot_be_made_is_said_with_its_code(make_run, ask, plain):
    for name in ("r1", "r2"):
        make_run.begin(name)
    answer = ask("/compare/r1--r2.html")  # there are no records
    assert answer.status == 500
    assert "(nothing_recorded)" in answer.text
    assert 'href="/assets/site.css"' in answer.text


def test_a_port_that_is_taken_is_told_with_a_way_out(answering, tmp_path):
    config = load.with_overrides(load.load("demo"), {"output": str(tmp_path)})
    with raises_code("port_in_use", match="choose another --port, or 0"):
        server.opened(config, port=answering.port).__enter__()


@pytest.mark.parametrize("target", ["/?x=1", "/runs/../index.html", "//index.html", "/./"])
def test_an_address_is_made_plain_before_the_page_is_brought_up_to_date(
    make_run, ask, plain, target
):
    make_run.begin("r1")
    assert 'href="runs/r1/index.html"' in ask(target).text


def test_a_browser_follows_a_run_until_it_has_ended(make_run, answering, opened):
    folder = make_run.begin("r1")
    page = opened(urllib.parse.urljoin(answering.url, "runs/r1/index.html"))
    page.wait_for_selector('[role="status"]:has-text("Live")')
    ended = events.NodeEnded(node="Evaluator", state=NodeState.RAN, time=3700.0, seconds=77.0)
    make_run.add(folder, events.NodeStarted(node="Evaluator", time=3650.0), ended)
    page.wait_for_selector('main:has-text("1 min 17 s")')
    make_run.add(folder, events.RunEnded(outcome=Outcome.INTERRUPTED, time=3800.0))
    page.wait_for_selector('[role="status"]:has-text("The run has ended")')
    assert "nterrupted" in page.locator("main").text_content()


def test_in_a_browser_a_pair_that_is_not_written_is_opened_all_the_same(
    make_run, auc, answering, opened, plain, monkeypatch
):
    def write(before, after):
        path = after.site.comparison(before.run_id, after.run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('<!doctype html><link rel="icon" href="data:,"><title>two runs</title>')
        return path

    monkeypatch.setattr(site, "write_comparison", write)
    for name in ("r1", "r2"):
        make_run(name, auc(overall=(0.9, 0.8, 1.0)))
    page = opened(answering.url)
    for name in ("r1", "r2"):
        page.get_by_role("checkbox", name=f"Compare {name}").check()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_url("**/compare/r1--r2.html")
    assert page.title() == "two runs"


def test_the_page_of_a_run_that_was_killed_says_so(make_run, ask, plain):
    make_run.begin("r1")
    with (make_run.output / folders.LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for page in ("/", "/runs/r1/index.html"):
            assert "<body data-live>" in ask(page).text
    for page in ("/", "/runs/r1/index.html"):
        assert "<body data-live>" not in ask(page).text


def test_a_browser_that_goes_away_in_the_middle_of_an_answer_is_no_error(answering, ask, capfd):
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", answering.port)) as browser:
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            browser.sendall(b"GET /assets/plotly.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert browser.recv(1)
    assert ask("/").status == 200
    assert capfd.readouterr().err == ""


def test_a_bug_is_told_with_its_traceback_and_stops_no_other_page(
    make_run, ask, plain, monkeypatch, caplog
):
    make_run.begin("r1")
    monkeypatch.setattr(site, "write_index", lambda *_: 1 / 0)
    assert ask("/").status == 500
    assert ask("/runs/r1/data.html").status == 200
    assert "ZeroDivisionError" in caplog.text


def test_a_page_that_is_replaced_while_it_is_read_is_sent_whole(make_run, ask, plain, monkeypatch):
    """The size that an answer announces is that of what it sends."""
    make_run.begin("r1")
    found = server._Site.lookup_path

    def lookup_and_replace(self, path):
        full, stat = found(self, path)
        pathlib.Path(full).write_text("longer than it was before " * 1000)
        return full, stat

    monkeypatch.setattr(server._Site, "lookup_path", lookup_and_replace)
    answer = ask("/runs/r1/index.html")
    assert answer.headers["Content-Length"] == str(len(answer.text)) == "26000"


def test_more_connections_than_a_browser_opens_are_refused(answering, ask, monkeypatch):
    monkeypatch.setattr(answering.config, "limit_concurrency", 1)
    with socket.create_connection(("127.0.0.1", answering.port)):
        assert ask("/assets/site.css").status == 503
