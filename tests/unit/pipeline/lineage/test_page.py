"""The HTML page: no data becomes markup, nothing is fetched, and it works in Chromium."""

import html.parser
import json
import re
import shutil
import subprocess

import pytest

from pipeline.lineage import page
from pipeline.lineage.graph import Diagram, Edge, Node, Role

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = (
    "</script><script>document.title='taken'</script>"
    "\"'><img src=x onerror=alert(1)>{{script}}&amp;"
)
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom"),
)

in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def execution(number, title="Trainer", **facts):
    return Node(
        id=f"e{number}",
        role=Role.EXECUTION,
        title=title,
        note="complete",
        type="tfx.Trainer",
        state="complete",
        run="r1",
        **facts,
    )


def artifact(number, title="Model", **facts):
    return Node(
        id=f"a{number}", role=Role.MODEL, title=title, note="", type=title, state="live", **facts
    )


def edge(source, target, key="key"):
    return Edge(source=source, target=target, key=key)


@pytest.fixture
def chain():
    """Examples, read by a trainer that makes a model, pushed."""
    return Diagram(
        title="Model 2",
        nodes=[
            execution(1),
            execution(2, "Pusher"),
            artifact(1, "Examples"),
            artifact(2, uri="/models/2", properties={"epochs": 17}),
            artifact(3, "PushedModel"),
        ],
        edges=[edge("a1", "e1"), edge("e1", "a2"), edge("a2", "e2", "model"), edge("e2", "a3")],
        focus=["a2"],
    )


class _Elements(html.parser.HTMLParser):
    """Names of the elements, and all attributes."""

    def __init__(self, text):
        super().__init__()
        self.names, self.attributes, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def hostile():
    return Diagram(
        title=HOSTILE,
        nodes=[
            execution(1, HOSTILE, properties={HOSTILE: HOSTILE}),
            artifact(2, HOSTILE, uri="javascript:alert(1)", properties={"x": [HOSTILE]}),
        ],
        edges=[edge("e1", "a2", HOSTILE)],
    )


def test_hostile_values_are_text_and_never_markup():
    elements = _Elements(page.render(hostile()))
    assert elements.names.count("script") == 1
    assert "img" not in elements.names
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert HOSTILE in "".join(elements.text)


def test_the_page_refers_to_nothing_outside_itself(chain):
    text = page.render(chain)
    elements = _Elements(text)
    assert not {"link", "iframe", "object", "base", "a"} & set(elements.names)
    assert not [name for name, _ in elements.attributes if name in ("src", "href", "xlink:href")]
    assert "@import" not in text
    assert not re.search(r"https?://|url\((?!#)", text)


def test_the_policy_allows_exactly_the_script_and_style_of_the_page(chain):
    text = page.render(chain)
    for name in ("script", "style"):
        content = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)[1]
        assert f"{name}-src '{page._hash(content)}'" in text


def test_the_tables_say_all_that_the_graph_says(chain):
    text = page.render(chain)
    tables = text[text.index("<table>") :]
    for said in ("Trainer", "Pusher", "/models/2", "epochs", "17", "Examples 1", "r1"):
        assert said in tables
    assert all(f'id="row-{node.id}"' in tables for node in chain.nodes)


def test_every_node_can_be_named_and_reached_by_keyboard(chain):
    assert page.render(chain).count('role="button" tabindex="-1"') == len(chain.nodes)
    assert 'aria-label="Model, Artifact 2 · live"' in page.render(chain)


def opened(tmp_path, text, fragment=""):
    """The DOM after the page's script ran, and what the console said."""
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [CHROMIUM, *_FLAGS, f"--user-data-dir={tmp_path / 'profile'}", file.as_uri() + fragment],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def driven(tmp_path, drawn, script):
    """What `script`, a function body that runs after the page's own script, returns.

    The copy that is driven allows scripts without a hash; the page itself does not.
    """
    text = re.sub(r"script-src 'sha256-[^']*'", "script-src 'unsafe-inline'", page.render(drawn))
    helpers = """
      const node = (id) => document.querySelector(`[data-id=${id}]`);
      const press = (key, at) =>
        at.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
      const click = (at) => at.dispatchEvent(new MouseEvent("click", {bubbles: true}));
      const all = (which) => [...document.querySelectorAll(which)].map((n) => n.dataset.id);
      const shown = () => all(".node:not(.gone)");
      const panel = () => document.getElementById("chosen").textContent;
    """
    driver = f"<script>{helpers}document.title = JSON.stringify((() => {{{script}}})());</script>"
    dom, console = opened(tmp_path, text.replace("</body>", driver + "</body>"))
    assert console == []
    return json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom)[1]))


@in_chromium
def test_chromium_opens_the_page_without_a_word_on_the_console(chain, tmp_path):
    dom, console = opened(tmp_path, page.render(chain))
    assert console == []
    assert re.search(r'<g id="scene" transform="translate\([^N"]*\)', dom)


@in_chromium
def test_hostile_values_do_nothing_in_chromium(tmp_path):
    dom, console = opened(tmp_path, page.render(hostile()), "#e1")
    assert console == []
    assert "<title>taken</title>" not in dom
    assert "<img" not in dom
    assert '<div id="chosen"><h2>' in dom


@in_chromium
def test_an_address_with_a_node_opens_its_details(chain, tmp_path):
    dom, _ = opened(tmp_path, page.render(chain), "#a2")
    chosen = dom[dom.index('<div id="chosen">') : dom.index("</aside>")]
    assert "<dt>epochs</dt><dd>17</dd>" in chosen
    assert "/models/2" in chosen


@in_chromium
def test_hiding_what_led_to_a_node_and_showing_it_again(chain, tmp_path):
    states = driven(
        tmp_path,
        chain,
        """
        press(" ", node("a2"));
        const folded = shown();
        const expanded = node("a2").getAttribute("aria-expanded");
        click(document.getElementById("expand"));
        return [folded, expanded, shown().length];
        """,
    )
    assert states == [["e2", "a2", "a3"], "false", 5]


@in_chromium
def test_the_keyboard_walks_along_edges_and_opens_details(chain, tmp_path):
    states = driven(
        tmp_path,
        chain,
        """
        node("a2").focus();
        press("ArrowDown", document.activeElement);
        const below = document.activeElement.dataset.id;
        press("ArrowUp", document.activeElement);
        press("ArrowUp", document.activeElement);
        press("Enter", document.activeElement);
        const told = panel();
        press("Escape", document.activeElement);
        const above = document.activeElement.dataset.id;
        return [below, above, told, document.getElementById("chosen").hidden];
        """,
    )
    assert states[:2] == ["e2", "e1"]
    assert states[2].startswith("TrainerExecution 1")
    assert states[3] is True


@in_chromium
def test_search_looks_into_properties(chain, tmp_path):
    states = driven(
        tmp_path,
        chain,
        """
        const field = document.getElementById("search");
        field.value = "EPOCHS";
        field.dispatchEvent(new Event("input"));
        const found = document.getElementById("found").textContent;
        press("Enter", field);
        return [found, all(".found"), panel()];
        """,
    )
    assert states[:2] == ["1 found", ["a2"]]
    assert states[2].startswith("ModelArtifact 2")


@in_chromium
def test_choosing_a_node_marks_its_history_and_its_consequences(tmp_path):
    fork = Diagram(
        title="fork",
        nodes=[execution(1), execution(2), artifact(1), artifact(2), artifact(3)],
        edges=[edge("a1", "e1"), edge("e1", "a2"), edge("a1", "e2"), edge("e2", "a3")],
    )
    near = driven(
        tmp_path,
        fork,
        'click(node("e1")); return all(".node.near");',
    )
    assert sorted(near) == ["a1", "a2", "e1"]
