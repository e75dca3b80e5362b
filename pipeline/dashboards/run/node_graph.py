"""The nodes of a run as a graph: which waits for which, and where each is."""

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards.run import steps
from pipeline.dashboards.sources import RunSources
from pipeline.journal.state import NodeRecord
from pipeline.lineage import layout, words

_MARGIN: Final = 6
_LETTERS: Final = 21  # that a box holds

Edge = tuple[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Box:
    """One node, in pixels of the drawing.

    Attributes:
      id: Of the node.
      name: As far as the box holds it.
      note: State and time.
      mark: Stands for the state.
      state: Names the style.
      x: Of the left side.
      y: Of the upper side.
    """

    id: str
    name: str
    note: str
    mark: str
    state: str
    x: float
    y: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class NodeGraph:
    """The drawing: `paths` are of SVG, from above to below."""

    width: float
    height: float
    box_width: int
    box_height: int
    boxes: Sequence[Box]
    paths: Sequence[str]


def of(sources: RunSources) -> NodeGraph | None:
    """The graph of a run; None before its nodes are known."""
    nodes = list(sources.state.nodes.values())
    if not nodes:
        return None
    names = [node.id for node in nodes]
    edges = necessary(_edges(sources, names))
    placed = layout.place(names, edges)
    return NodeGraph(
        width=placed.width + 2 * _MARGIN,
        height=placed.height + 2 * _MARGIN,
        box_width=layout.NODE_WIDTH,
        box_height=layout.NODE_HEIGHT,
        boxes=[_box(node, placed.centres[node.id], sources.is_running) for node in nodes],
        paths=[_path(points) for points in placed.paths],
    )


def necessary(edges: Sequence[Edge]) -> list[Edge]:
    """The edges of a graph without cycles, less those that follow from the others."""
    after: dict[str, set[str]] = {}
    for source, target in edges:
        after.setdefault(source, set()).add(target)
    return [
        (source, target)
        for source, target in edges
        if not any(target in _reached(other, after) for other in after[source] - {target})
    ]


def _reached(start: str, after: Mapping[str, set[str]]) -> set[str]:
    """Nodes below `start`, without itself."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in after.get(waiting.pop(), set()) - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def _edges(sources: RunSources, names: Sequence[str]) -> list[Edge]:
    """From the compiled graph; before there is one, each node after the one before it."""
    if not sources.folder.ir.is_file():
        return list(itertools.pairwise(names))
    compiled = json.loads(sources.folder.ir.read_text(encoding="utf-8"))
    known = set(names)
    return [
        (source, target)
        for source, target in _compiled_edges(compiled)
        if source in known and target in known
    ]


def _compiled_edges(compiled: Mapping[str, Any]) -> Iterator[Edge]:
    for entry in compiled["nodes"]:
        node = entry["pipelineNode"]
        for source in node.get("upstreamNodes", ()):
            yield source, node["nodeInfo"]["id"]


def _box(node: NodeRecord, centre: layout.Point, is_running: bool) -> Box:
    note = " \N{MIDDLE DOT} ".join(
        filter(None, [steps.state_words(node, is_running), steps.took(node)])
    )
    return Box(
        id=node.id,
        name=words.shortened(node.id, _LETTERS),
        note=note,
        mark=steps.LOOKS[node.state].mark,
        state=node.state.value,
        x=round(centre[0] - layout.NODE_WIDTH / 2 + _MARGIN, 1),
        y=round(centre[1] - layout.NODE_HEIGHT / 2 + _MARGIN, 1),
    )


def _path(points: Sequence[layout.Point]) -> str:
    shifted = [(x + _MARGIN, y + _MARGIN) for x, y in points]
    (x, y), *others = shifted
    path = f"M{x:.1f} {y:.1f}"
    for next_x, next_y in others:
        middle = (y + next_y) / 2
        path += f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}"
        x, y = next_x, next_y
    return path
