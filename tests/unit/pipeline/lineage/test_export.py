"""Graphviz and Mermaid text: names and values cannot break out of it."""

import re

from pipeline.lineage import export
from pipeline.lineage.graph import Diagram, Edge, Node, Role

HOSTILE = 'x"] --> y; <b>\\`${z}`\\" \n%% #quot; end'


def drawn():
    return Diagram(
        title=HOSTILE,
        nodes=[
            Node(id="e1", role=Role.EXECUTION, title=HOSTILE, note="complete", type="t", state=""),
            Node(id="a2", role=Role.MODEL, title="Model", note=HOSTILE, type="Model", state="live"),
        ],
        edges=[Edge(source="e1", target="a2", key=HOSTILE)],
    )


def test_mermaid_keeps_hostile_text_inside_its_strings():
    lines = export.render_mermaid(drawn()).splitlines()
    assert lines[1] == "flowchart TD"
    assert re.fullmatch(r'  e1\["[^"<>`\\$]*<br>complete"\]:::execution', lines[2])
    assert re.fullmatch(r'  a2\(\["Model<br>[^"<>`\\$]*"\]\):::model', lines[3])
    assert re.fullmatch(r'  e1 -->\|"[^"<>`\\$|]*"\| a2', lines[4])
    assert "&#35;quot" not in lines[2]
    assert "#35;quot#59;" in lines[2]


def test_dot_keeps_hostile_text_inside_its_strings():
    text = export.render_dot(drawn())
    string = r'"(?:[^"\\\n]|\\["\\n])*"'
    assert re.search(rf"^  label={string}; labelloc=t; rankdir=TB;$", text, re.MULTILINE)
    nodes = re.findall(rf"^  \w+ \[\w+={string}(?:, \w+={string})*\];$", text, re.MULTILINE)
    assert len(nodes) == 2
    assert re.search(rf"^  e1 -> a2 \[label={string}\];$", text, re.MULTILINE)
