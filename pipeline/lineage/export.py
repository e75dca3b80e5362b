"""Writes a graph as a file: HTML, Graphviz, Mermaid, OpenLineage or JSON."""

import datetime
import json
import pathlib
import posixpath
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.lineage import graph, page
from pipeline.lineage.graph import Diagram, Node, Role
from pipeline.version import VERSION
from schemas import files
from schemas.errors import LineageError

# Okabe and Ito's colours, of lines and of areas; these are light enough for black text.
_COLOURS: Final = {
    Role.EXECUTION: ("#0072b2", "#d6ebf7"),
    Role.DATA: ("#009e73", "#d6f2e9"),
    Role.RECORD: ("#666666", "#eeeeee"),
    Role.MODEL: ("#b87a00", "#fdf0d2"),
    Role.VERDICT: ("#a8487f", "#f8e6f0"),
}
_FAILED: Final = ("#d55e00", "#fbe0d2")
_PLAIN: Final = " .,:_/-+%·"  # every other sign becomes an entity
SCHEMA_URL: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER: Final = f"urn:deepfake-detection-pipeline:{VERSION}"
_PARENT_FACET: Final = (
    "https://openlineage.io/spec/facets/1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet"
)
_VERSION_FACET: Final = (
    "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json"
    "#/$defs/DatasetVersionDatasetFacet"
)
_OWN_FACET: Final = f"{PRODUCER}:ml-metadata"
# Of states in ML Metadata, in lower case. What ended without work of its own has succeeded too.
_EVENT_TYPES: Final = {
    "new": "START",
    "running": "RUNNING",
    "complete": "COMPLETE",
    "cached": "COMPLETE",
    "failed": "FAIL",
    "canceled": "ABORT",
}
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:deepfake-detection-pipeline")
# The first that fits counts.
_SUFFIXES: Final = {
    ".html": "html",
    ".htm": "html",
    ".mmd": "mermaid",
    ".ol.json": "openlineage",
    ".json": "json",
    ".dot": "dot",
    ".gv": "dot",
}


def render_dot(diagram: Diagram) -> str:
    """The diagram as a Graphviz digraph from top to bottom."""
    lines = [
        "digraph lineage {",
        f"  label={_text(diagram.title)}; labelloc=t; rankdir=TB;",
        '  node [style="filled", fontname="sans-serif", fontsize=11];',
        '  edge [fontname="sans-serif", fontsize=9];',
    ]
    lines += [f"  {node.id} [{_attributes(node)}];" for node in diagram.nodes]
    lines += [f"  {e.source} -> {e.target} [label={_text(e.key)}];" for e in diagram.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _attributes(node: Node) -> str:
    line, fill = _FAILED if node.failed else _COLOURS[node.role]
    values = {
        "label": f"{node.title}\n{node.note}" if node.note else node.title,
        "shape": "box" if node.is_execution else "ellipse",
        "color": line,
        "fillcolor": fill,
        "tooltip": node.uri or node.type,
    }
    return ", ".join(f"{name}={_text(value)}" for name, value in values.items())


def _text(raw: str) -> str:
    """A quoted string; Graphviz would read what follows a backslash as an instruction."""
    visible = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in raw)
    escaped = visible.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def render_mermaid(diagram: Diagram) -> str:
    """The diagram as a Mermaid flowchart from top to bottom."""
    lines = [f"%% {_one_line(diagram.title)}", "flowchart TD"]
    lines += [
        f"  {_shape(node)}:::{'failed' if node.failed else node.role.value}"
        for node in diagram.nodes
    ]
    lines += [
        f'  {edge.source} -->|"{_mermaid_text(edge.key)}"| {edge.target}' for edge in diagram.edges
    ]
    lines += [f"  classDef {role.value} {_style(*pair)}" for role, pair in _COLOURS.items()]
    lines.append(f"  classDef failed {_style(*_FAILED, width=',stroke-width:3px')}")
    return "\n".join(lines) + "\n"


def _style(line: str, fill: str, *, width: str = "") -> str:
    return f"fill:{fill},stroke:{line}{width},color:#000"


def _shape(node: Node) -> str:
    label = (
        f"{_mermaid_text(node.title)}<br>{_mermaid_text(node.note)}"
        if node.note
        else _mermaid_text(node.title)
    )
    return f'{node.id}["{label}"]' if node.is_execution else f'{node.id}(["{label}"])'


def _mermaid_text(raw: str) -> str:
    """Text that neither ends a Mermaid string nor becomes markup in it."""
    return "".join(
        letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};"
        for letter in _one_line(raw)
    )


def _one_line(raw: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in raw).split())


def render_openlineage(diagram: Diagram) -> str:
    """The events as a JSON array, in the order in which the executions began."""
    return json.dumps(openlineage_events(diagram), indent=1) + "\n"


def openlineage_events(diagram: Diagram) -> list[dict[str, Any]]:
    """One RunEvent for each execution of the diagram.

    An execution keeps its UUID in every export of one pipeline, so that a second export adds
    nothing to a backend that has the first.
    """
    nodes = {node.id: node for node in diagram.nodes}
    datasets = {node.id: _dataset(node) for node in diagram.artifacts}
    inputs: dict[str, dict[str, dict[str, Any]]] = {node.id: {} for node in diagram.executions}
    outputs: dict[str, dict[str, dict[str, Any]]] = {node.id: {} for node in diagram.executions}
    for edge in diagram.edges:
        if nodes[edge.source].is_execution:
            outputs[edge.source][edge.target] = datasets[edge.target]
        else:
            inputs[edge.target][edge.source] = datasets[edge.source]
    ordered = sorted(diagram.executions, key=lambda node: (node.created, node.id))
    return [
        _event(node)
        | {"inputs": [*inputs[node.id].values()]}
        | {"outputs": [*outputs[node.id].values()]}
        for node in ordered
    ]


def openlineage_run_id(pipeline: str, *parts: str) -> str:
    """The UUID of a run (`parts` its name) or execution (its run and its id)."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps([pipeline, *parts])))


def _event(node: Node) -> dict[str, Any]:
    namespace = node.pipeline or "default"
    kind = _EVENT_TYPES.get(node.state, "OTHER")
    facets: dict[str, Any] = {"mlMetadata": _own_facet(node)}
    if node.run:
        facets["parent"] = {
            "_producer": PRODUCER,
            "_schemaURL": _PARENT_FACET,
            "run": {"runId": openlineage_run_id(namespace, node.run)},
            "job": {"namespace": namespace, "name": namespace},
        }
    return {
        "eventType": kind,
        "eventTime": _time(node.created if kind == "START" else node.updated or node.created),
        "run": {"runId": openlineage_run_id(namespace, node.run, node.id), "facets": facets},
        "job": {"namespace": namespace, "name": node.title},
        "producer": PRODUCER,
        "schemaURL": SCHEMA_URL,
    }


def _dataset(node: Node) -> dict[str, Any]:
    namespace, name = _address(node)
    version = {
        "_producer": PRODUCER,
        "_schemaURL": _VERSION_FACET,
        "datasetVersion": node.id.removeprefix("a"),
    }
    facets = {"version": version, "mlMetadata": _own_facet(node)}
    return {"namespace": namespace, "name": name, "facets": facets}


def _address(node: Node) -> tuple[str, str]:
    """Namespace and name as OpenLineage's naming rules have them for files and buckets."""
    parts = urllib.parse.urlsplit(node.uri)
    if parts.scheme and parts.netloc:
        return f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/") or "/"
    if node.uri:
        return "file", posixpath.normpath(parts.path)
    return "ml-metadata", node.id


def _own_facet(node: Node) -> Mapping[str, Any]:
    return {
        "_producer": PRODUCER,
        "_schemaURL": _OWN_FACET,
        "id": int(node.id[1:]),
        "type": node.type,
        "state": node.state,
        "properties": dict(node.properties),
    }


def _time(milliseconds: int) -> str:
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc).isoformat()


RENDERERS: Final[Mapping[str, Callable[[Diagram], str]]] = {
    "html": page.render,
    "mermaid": render_mermaid,
    "json": graph.to_json,
    "dot": render_dot,
    "openlineage": render_openlineage,
}


def format_of(path: pathlib.Path) -> str:
    """The format that a file's name asks for, one of `RENDERERS`.

    Raises:
      LineageError: `unknown_format`: It asks for none.
    """
    name = path.name.lower()
    found = next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), None)
    if found is None:
        raise LineageError(
            "unknown_format",
            f"{path.name!r} tells no format; end it with one of {', '.join(_SUFFIXES)},"
            f" or give --format ({', '.join(RENDERERS)})",
        )
    return found


def write(drawn: Diagram, path: pathlib.Path, kind: str) -> None:
    """Writes the diagram in the format `kind`; a reader sees the old file or the whole new one."""
    with files.replacing(path) as draft:
        draft.write_text(RENDERERS[kind](drawn), encoding="utf-8")
