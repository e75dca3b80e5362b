"""Renders a graph as one HTML file that needs no network and no other file.

Everything that a reader sees is in the markup, escaped; the script only moves, hides and copies
elements. A content security policy allows that script and that style sheet alone.
"""

import base64
import hashlib
import html
import importlib.resources
import re
from collections.abc import Iterable, Sequence
from typing import Final

from pipeline.lineage import layout
from pipeline.lineage.graph import Diagram, Edge, Node
from pipeline.lineage.records import Properties
from pipeline.runs import words

_EXECUTIONS = ("Id", "Node", "State", "Run", "Began", "Time", "Inputs", "Outputs", "Type")
_ARTIFACTS = ("Id", "Type", "State", "Fact", "Made", "Made by", "Used by", "Address")

_MARGIN: Final = 24
_NAME_LETTERS: Final = 20
_NOTE_LETTERS: Final = 25
_KINDS: Final = {True: "Execution", False: "Artifact"}


def render_tables(diagram: Diagram) -> str:
    """One table of executions and one of artifacts; each row has the id `row-` and the node's."""
    titles = {node.id: node.title for node in diagram.nodes}
    before: dict[str, list[str]] = {node.id: [] for node in diagram.nodes}
    after: dict[str, list[str]] = {node.id: [] for node in diagram.nodes}
    for edge in diagram.edges:
        before[edge.target].append(f"{titles[edge.source]} {edge.source[1:]}")
        after[edge.source].append(f"{titles[edge.target]} {edge.target[1:]}")
    executions = [
        _row(node, _execution(node), before[node.id], after[node.id], node.type)
        for node in diagram.executions
    ]
    artifacts = [
        _row(node, _artifact(node), before[node.id], after[node.id], node.uri)
        for node in diagram.artifacts
    ]
    return _table("Executions", _EXECUTIONS, executions) + _table(
        "Artifacts", _ARTIFACTS, artifacts
    )


def _execution(node: Node) -> list[str]:
    return [node.run, words.moment(node.created), words.between(node.created, node.updated)]


def _artifact(node: Node) -> list[str]:
    return [node.note, words.moment(node.created)]


def _table(caption: str, titles: Sequence[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{title}</th>' for title in (*titles, "Properties"))
    return (
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _row(
    node: Node, facts: Iterable[str], before: Iterable[str], after: Iterable[str], last: str
) -> str:
    """A row; the panel of a node leaves out what its heading and its links say."""
    said = [node.title, node.state]
    linked = [", ".join(before), ", ".join(after)]
    return (
        f'<tr id="row-{html.escape(node.id)}"><th scope="row" data-skip>'
        f"{html.escape(node.id[1:])}</th>{_cells(said, 'data-skip')}{_cells(facts)}"
        f"{_cells(linked, 'data-skip')}{_cells([last], 'class=long')}"
        f"<td data-skip>{_properties(node.properties)}</td></tr>"
    )


def _cells(texts: Iterable[str], attribute: str = "") -> str:
    return "".join(f"<td {attribute}>{html.escape(text)}</td>" for text in texts)


def _properties(properties: Properties) -> str:
    if not properties:
        return ""
    items = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(words.readable(value))}</dd>"
        for name, value in sorted(properties.items())
    )
    title = words.counted(len(properties), "property", "properties")
    return f"<details><summary>{title}</summary><dl>{items}</dl></details>"


def render(diagram: Diagram) -> str:
    """The page: the graph, a panel for details, and the same as tables."""
    placed = layout.place(
        [node.id for node in diagram.nodes], [(e.source, e.target) for e in diagram.edges]
    )
    style, script = _packaged("graph.css"), _packaged("graph.js")
    entered = {edge.target for edge in diagram.edges}
    values = {
        "title": html.escape(diagram.title),
        "summary": html.escape(_summary(diagram)),
        "view_box": f"{-_MARGIN} {-_MARGIN} {placed.width + 2 * _MARGIN:.0f}"
        f" {placed.height + 2 * _MARGIN:.0f}",
        "edges": "".join(
            _edge(edge, path) for edge, path in zip(diagram.edges, placed.paths, strict=True)
        ),
        "nodes": "".join(
            _node(node, placed.centres[node.id], node.id in diagram.focus, node.id in entered)
            for node in diagram.nodes
        ),
        "tables": render_tables(diagram),
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
    }
    # One pass: what is filled in is not looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], _packaged("graph.html"))


def _summary(diagram: Diagram) -> str:
    runs = len({node.run for node in diagram.executions if node.run})
    parts = [
        words.counted(len(diagram.executions), "execution"),
        words.counted(len(diagram.artifacts), "artifact"),
        words.counted(runs, "run"),
    ]
    return " · ".join(parts)


def _packaged(name: str) -> str:
    folder = importlib.resources.files("pipeline.lineage") / "web"
    return (folder / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _node(node: Node, centre: layout.Point, in_focus: bool, can_fold: bool) -> str:
    width, height = layout.NODE_WIDTH, layout.NODE_HEIGHT
    x, y = centre[0] - width / 2, centre[1] - height / 2
    classes = ["node", node.role.value]
    classes += ["cached"] * (node.state == "cached") + ["failed"] * node.failed
    classes += ["focus"] * in_focus
    kind = f"{_KINDS[node.is_execution]} {node.id[1:]} · {node.state}"
    label = ", ".join(filter(None, [node.title, kind, node.note]))
    radius = 6 if node.is_execution else height / 2
    box = f'width="{width}" height="{height}" rx="{radius:g}"'
    name_y = 21 if node.note else 29
    note = _line("note", node.note, _NOTE_LETTERS, 38) if node.note else ""
    fold = (
        f'<g class="fold"><circle cx="{width / 2:g}" r="8"/>'
        f'<text x="{width / 2:g}" y="4">&minus;</text></g>'
    )
    return (
        f'<g class="{" ".join(classes)}" transform="translate({x:.1f} {y:.1f})" role="button"'
        f' tabindex="-1" data-id="{html.escape(node.id)}" data-title="{html.escape(node.title)}"'
        f' data-kind="{html.escape(kind)}" data-box="{x:.1f} {y:.1f} {width} {height}"'
        f' aria-label="{html.escape(label)}"><title>{html.escape(label)}</title>'
        f'<rect class="box" {box}/><rect class="tint" {box}/>'
        f"{_line('name', node.title, _NAME_LETTERS, name_y)}{note}{fold if can_fold else ''}</g>"
    )


def _line(name: str, text: str, letters: int, y: int) -> str:
    shown = html.escape(words.shortened(text, letters))
    return f'<text class="{name}" x="{layout.NODE_WIDTH / 2:g}" y="{y}">{shown}</text>'


def _edge(edge: Edge, path: Sequence[layout.Point]) -> str:
    (x, y), *others = path
    line = f"M{x:.1f} {y:.1f}"
    for next_x, next_y in others:
        middle = (y + next_y) / 2
        line += f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}"
        x, y = next_x, next_y
    return (
        f'<path class="edge" d="{line}" data-source="{html.escape(edge.source)}"'
        f' data-target="{html.escape(edge.target)}" data-key="{html.escape(edge.key)}"/>'
    )
