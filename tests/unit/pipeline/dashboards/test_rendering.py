"""Templates: what a run says is text, numbers are JSON, and what is missing is an error."""

import html.parser
import json
import re

import jinja2
import pytest

from pipeline.dashboards import charts, rendering, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.rendering import Frame, Link
from pipeline.dashboards.tables import Cell, Column, Row, Table
from schemas.run_report import Estimate

HOSTILE = (
    "</script><script>document.title='taken'</script><!--"
    "\"'><img src=x onerror=alert(1)>{{ frame }}&amp;\u2028"
)


class _Elements(html.parser.HTMLParser):
    """Names of the elements, their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.names, self.attributes, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


EVERYTHING = """
<dl class="tiles">{{ parts.tile(bad, bad, bad) }}</dl>
{{ parts.selector("slice", bad, [bad]) }}
{% call parts.panel("one", bad, bad) %}
{{ parts.chart(chart) }}{{ parts.table(table) }}{{ parts.badge(bad) }}{{ parts.command(bad) }}
{{ parts.confusion("matrix", {"slices": {bad: {}}, "start": 0.5}, "slice", bad) }}
{{ parts.crops([{"src": bad, "alt": bad, "caption": bad}]) }}
{% endcall %}
"""


def everything(bad):
    """Values for EVERYTHING, which all say `bad`."""
    table = Table(
        caption=bad,
        columns=[Column(title=bad, help=bad)],
        rows=[Row(cells=[Cell(text=bad, note=bad, href=bad, sort=bad)])],
        is_searchable=True,
    )
    figure = charts.figure([{"type": "bar", "x": [bad], "y": [1], "name": bad}])
    chart = Chart(id="chart", title=bad, summary=bad, figure=figure, table=table, missing=bad)
    return {"bad": bad, "table": table, "chart": chart}


def test_hostile_values_are_text_and_never_markup(sample):
    frame = {"title": HOSTILE, "subtitle": HOSTILE, "notice": HOSTILE}
    plain = _Elements(sample.text(EVERYTHING, **everything("calm"), frame={"notice": "calm"}))
    taken = _Elements(sample.text(EVERYTHING, **everything(HOSTILE), frame=frame))
    assert taken.names.count("script") == plain.names.count("script")
    assert taken.names.count("img") == plain.names.count("img") == 1
    assert not [name for name, _ in taken.attributes if name.startswith("on")]
    assert HOSTILE in "".join(taken.text)


def test_json_in_a_page_cannot_end_its_script_and_reads_back_the_same(sample):
    text = sample.text(EVERYTHING, **everything(HOSTILE))
    scripts = re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
    assert len(scripts) == 2
    assert not re.search("[<>&\u2028]", "".join(scripts))
    chart, confusion = map(json.loads, scripts)
    assert chart["figure"]["data"][0]["x"] == [HOSTILE]
    assert list(confusion["slices"]) == [HOSTILE]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_number_is_an_error(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        rendering.script_json({"y": [value]})


def test_a_value_that_the_template_lacks_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="reason"):
        rendering.page("absent.html", Frame(title="Data"), {"advice": ""})


def test_a_page_refers_to_the_files_of_its_site_only(sample):
    text = sample.text("{{ parts.chart(chart) }}", **everything("calm"), frame={"root": "../../"})
    elements = _Elements(text)
    addresses = [value for name, value in elements.attributes if name in ("src", "href")]
    addresses.remove("calm")  # of a cell
    assert addresses == [
        "data:,",
        "../../assets/site.css",
        "../../assets/site.js",
        "#main",
        "../../assets/plotly.min.js",
    ]


def test_a_page_without_charts_does_without_plotly():
    for is_standalone in (False, True):
        frame = Frame(title="Data", is_standalone=is_standalone)
        text = rendering.page("absent.html", frame, {"reason": "No data.", "advice": ""})
        assert "No data." in text
        assert "plotly.min.js" not in text
        assert "plotly.js v" not in text


def test_a_standalone_page_refers_to_nothing(sample):
    text = sample.text(
        "{{ parts.chart(chart) }}", **everything("calm"), frame={"is_standalone": True}
    )
    assert "plotly.js v" in text
    before_scripts = _Elements(text[: text.index("<style>")] + text[text.index("<body") :])
    addresses = [value for name, value in before_scripts.attributes if name in ("src", "href")]
    assert addresses == ["#main", "calm"]


def test_the_tab_of_the_page_is_marked(sample):
    tabs = [Link(title="Run", href="index.html"), Link(title="Data", href="#", is_current=True)]
    text = sample.text("", frame={"tabs": tabs, "crumbs": [Link(title="All runs", href="../x")]})
    assert '<a href="#" aria-current="page">Data</a>' in text
    assert '<a href="index.html">Run</a>' in text
    assert '<a href="../x">All runs</a>' in text


def test_only_a_page_of_a_run_in_progress_is_live(sample):
    assert "<body data-live>" in sample.text("", frame={"is_live": True})
    assert "<body>" in sample.text("")


def test_an_interval_is_drawn_on_the_scale_from_0_to_1(sample):
    interval = Estimate(value=0.25, lower=0.125, upper=0.5)
    table = Table(
        caption="Seconds",
        columns=[Column(title="node"), Column(title="took", kind="number", help="On the wall.")],
        rows=[Row(cells=[tables.text("Trainer"), Cell(text="5", sort=5, interval=interval)])],
    )
    text = sample.text("{{ parts.table(table) }}", table=table)
    assert "--lower:0.1250;--upper:0.5000;--value:0.2500" in text
    assert '<th scope=row class="text">Trainer</th>' in text
    assert "<dt>took</dt><dd>On the wall.</dd>" in text
