"""The tables of a lineage page: what the graph shows and its panel tells, without a script."""

import html
from collections.abc import Iterable, Sequence

from pipeline.lineage import words
from pipeline.lineage.diagram import Diagram, Node
from pipeline.lineage.records import Properties

_EXECUTIONS = ("Id", "Node", "State", "Run", "Began", "Time", "Inputs", "Outputs", "Type")
_ARTIFACTS = ("Id", "Type", "State", "Fact", "Made", "Made by", "Used by", "Address")


def render(diagram: Diagram) -> str:
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
    return [node.run, words.moment(node.created), words.duration(node.created, node.updated)]


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
