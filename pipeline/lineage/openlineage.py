"""A diagram as OpenLineage run events (version 2-0-2), one for each execution."""

import datetime
import json
import posixpath
import urllib.parse
import uuid
from collections.abc import Mapping
from typing import Any, Final

from pipeline.lineage.diagram import Diagram, Node
from pipeline.version import VERSION

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


def render(diagram: Diagram) -> str:
    """The events as a JSON array, in the order in which the executions began."""
    return json.dumps(events(diagram), indent=1) + "\n"


def events(diagram: Diagram) -> list[dict[str, Any]]:
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


def run_id(pipeline: str, *parts: str) -> str:
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
            "run": {"runId": run_id(namespace, node.run)},
            "job": {"namespace": namespace, "name": namespace},
        }
    return {
        "eventType": kind,
        "eventTime": _time(node.created if kind == "START" else node.updated or node.created),
        "run": {"runId": run_id(namespace, node.run, node.id), "facets": facets},
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
