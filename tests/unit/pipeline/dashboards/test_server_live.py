"""The page of a run that goes on: refreshed by a server, and what the reader did stays done."""

import hashlib
import http.server
import threading

import pytest

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.tables import Column, Row, Table

BODY = """
<p id="state">{{ state }}</p>
{{ parts.selector("metric", "Metric", ["AUC", "recall"]) }}
{% call parts.panel("nodes", "Nodes") %}{{ parts.table(nodes) }}
<details><summary>More</summary><p>Details</p></details>{% endcall %}
<div style="height:3000px"></div>
"""
CHART = '{% call parts.panel("curve", "Curve") %}{{ parts.chart(chart) }}{% endcall %}'


class Server(http.server.ThreadingHTTPServer):
    """Serves the site's files, and as `/runs/r1/index.html` what `text` is at that moment.

    Attributes:
      text: Of the page; None makes the server answer 503.
      answers: Status of each answer for the page.
    """

    daemon_threads = True

    def __init__(self, root):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.text, self.answers = root, "", []

    @property
    def page(self):
        return f"http://127.0.0.1:{self.server_port}/runs/r1/index.html"


class _Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, request, address, server):
        super().__init__(request, address, server, directory=str(server.root))

    def do_GET(self):
        if self.path != "/runs/r1/index.html":
            super().do_GET()
            return
        body = (self.server.text or "").encode()
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        known = self.headers["If-None-Match"] == etag
        status = 503 if self.server.text is None else 304 if known else 200
        self.server.answers.append(status)
        self.send_response(status)
        self.send_header("ETag", etag)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body) if status == 200 else 0))
        self.end_headers()
        self.wfile.write(body if status == 200 else b"")

    def log_message(self, *args):
        """Says nothing."""


@pytest.fixture
def served(shared_site):
    with Server(shared_site.path) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def nodes(*times):
    rows = [("Trainer", times[0]), ("Evaluator", times[1])]
    return Table(
        caption="Nodes",
        is_searchable=True,
        columns=[Column(title="Node"), Column(title="Seconds", kind="number")],
        rows=[Row(cells=[tables.text(name), tables.number(time)]) for name, time in rows],
    )


def curve(*values):
    trace = {"type": "scatter", "x": list(range(len(values))), "y": list(values)}
    return Chart(id="curve-chart", title="AUC", summary="Per epoch.", figure=charts.figure([trace]))


@pytest.fixture
def page_text(sample):
    """`page_text(state, ...)`: the page, of a run in progress unless said otherwise."""

    def text(state, *, times=(10, 2), chart=None, is_live=True, title="Run"):
        frame = {"is_live": is_live, "title": title}
        body = CHART + BODY if chart else BODY
        return sample.text(body, state=state, nodes=nodes(*times), chart=chart, frame=frame)

    return text


def shows(page, text):
    page.get_by_text(text, exact=True).wait_for()


def test_the_page_follows_the_run_and_stops_when_it_ends(served, opened, page_text):
    served.text = page_text("training")
    page = opened(served.page)
    shows(page, "Live")
    served.text = page_text("evaluating", title="Nearly done")
    shows(page, "evaluating")
    assert page.title() == "Nearly done"
    assert page.locator("h1").inner_text() == "Nearly done"
    served.text = page_text("pushed", is_live=False)
    shows(page, "The run has ended")
    shows(page, "pushed")
    assert not page.locator("body[data-live]").count()


def test_what_did_not_change_is_not_sent_again(served, opened, page_text):
    served.text = page_text("training")
    page = opened(served.page)
    with page.expect_response(lambda answer: answer.status == 304):
        pass
    assert served.answers[:2] == [200, 200]  # by the browser, and by the script
    assert served.answers[2] == 304


def test_what_the_reader_did_stays_done_in_a_part_that_changes(served, opened, page_text):
    served.text = page_text("training")
    page = opened(served.page)
    page.get_by_label("Search: Nodes").fill("a")
    page.get_by_role("button", name="Seconds").click()
    page.get_by_text("More").click()
    page.get_by_label("Metric").select_option("recall")
    page.get_by_label("Search: Nodes").focus()
    page.mouse.wheel(0, 500)
    page.wait_for_function("() => window.scrollY === 500")
    served.text = page_text("evaluating", times=(10, 70))
    shows(page, "70")
    assert page.locator("tbody th").all_inner_texts() == ["Trainer", "Evaluator"]
    assert page.locator("[aria-sort=ascending]").inner_text() == "Seconds"
    assert page.get_by_label("Search: Nodes").input_value() == "a"
    assert page.get_by_label("Metric").input_value() == "recall"
    assert page.get_by_text("Details", exact=True).is_visible()
    assert page.evaluate("document.activeElement.type") == "search"
    assert page.evaluate("window.scrollY") == 500


def test_a_part_that_says_the_same_is_left_alone(served, opened, page_text):
    served.text = page_text("training")
    page = opened(served.page)
    page.evaluate("document.getElementById('nodes').isTheSame = true")
    served.text = page_text("evaluating")
    shows(page, "evaluating")
    assert page.evaluate("document.getElementById('nodes').isTheSame")


def test_charts_come_and_change(served, opened, page_text):
    served.text = page_text("training", chart=curve(0.5))
    page = opened(served.page)
    served.text = page_text("training", chart=curve(0.5, 0.75))
    page.wait_for_function("() => document.querySelector('.plot').data?.[0].y.length === 2")
    served.text = page_text("evaluating")
    shows(page, "evaluating")
    assert page.locator("figure.chart").count() == 0


def test_a_lost_connection_is_told_and_ends_when_the_server_is_back(served, opened, page_text):
    served.text = page_text("training")
    page = opened(served.page, tolerates=["503"])
    served.text = None
    shows(page, "Connection lost, trying again")
    served.text = page_text("evaluating")
    shows(page, "Live")
    shows(page, "evaluating")


def test_from_disk_nothing_is_asked_for(sample, opened, page_text):
    page = opened(
        sample(BODY, state="training", nodes=nodes(1, 2), chart=None, frame={"is_live": True})
    )
    assert page.locator(".live").count() == 0
