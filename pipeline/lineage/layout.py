"""Places the nodes of a graph in layers, each below what it came from.

Longest-path layering, barycentre ordering, and positions that pull each node towards its
neighbours as far as the others in its layer let it. An edge across several layers is led through
a waypoint in each, so that it passes between nodes and not behind them.
"""

import dataclasses
import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final

NODE_WIDTH: Final = 180
NODE_HEIGHT: Final = 48
_COLUMN_GAP: Final = 22
_LAYER_GAP: Final = 36
_WAYPOINT_WIDTH: Final = 4
_SWEEPS: Final = 8

_Key = Hashable
_Neighbours = Mapping[_Key, Sequence[_Key]]
Point = tuple[float, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """Where everything is, in pixels; x grows to the right, y downwards.

    Attributes:
      centres: Centre of each node.
      paths: Points of each edge, in the order given, from below its source to above its target.
      width: Width of the drawing.
      height: Height of the drawing.
    """

    centres: Mapping[str, Point]
    paths: Sequence[Sequence[Point]]
    width: float
    height: float


def place(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layout:
    """Lays a graph out from top to bottom; an edge that closes a cycle points upwards.

    Args:
      nodes: Names of the nodes; their order decides where nothing else does.
      edges: Source and target of each edge.
    """
    forward = _without_cycles(nodes, edges)
    layer = _layers(nodes, sorted(forward))
    rows, chains = _rows(nodes, sorted(forward), layer)
    above, below = _neighbours(chains.values())
    _order(rows, above, below)
    x = _columns(rows, above, below)
    left = min((x[node] for node in nodes), default=0.0) - NODE_WIDTH / 2
    centres = {
        node: (x[node] - left, layer[node] * (NODE_HEIGHT + _LAYER_GAP) + NODE_HEIGHT / 2)
        for node in nodes
    }

    def path(source: str, target: str) -> list[Point]:
        turned = (source, target) not in forward
        chain = chains[(target, source) if turned else (source, target)]
        first = layer[target if turned else source]
        points: list[Point] = []
        for step, key in enumerate(chain):
            top = (first + step) * (NODE_HEIGHT + _LAYER_GAP)
            # Straight beside the nodes of a layer; the bends are between layers.
            points += [(x[key] - left, top), (x[key] - left, top + NODE_HEIGHT)]
        points = points[1:-1]
        return points[::-1] if turned else points

    return Layout(
        centres=centres,
        paths=[path(*edge) for edge in edges],
        width=max((at[0] for at in centres.values()), default=0.0) + NODE_WIDTH / 2,
        height=max((at[1] for at in centres.values()), default=0.0) + NODE_HEIGHT / 2,
    )


def _without_cycles(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges, those that close a cycle turned round."""
    following: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        following[source].append(target)
    forward: set[tuple[str, str]] = set()
    done: set[str] = set()
    open_: set[str] = set()
    for start in nodes:
        if start in done:
            continue
        open_.add(start)
        stack = [(start, iter(following[start]))]
        while stack:
            node, rest = stack[-1]
            for target in rest:
                forward.add((target, node) if target in open_ else (node, target))
                if target not in open_ and target not in done:
                    open_.add(target)
                    stack.append((target, iter(following[target])))
                    break
            else:
                stack.pop()
                open_.discard(node)
                done.add(node)
    return forward


def _layers(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Longest path from a source; sources then move down to just above what they feed."""
    targets: dict[str, list[str]] = {node: [] for node in nodes}
    waiting = dict.fromkeys(nodes, 0)
    for source, target in edges:
        targets[source].append(target)
        waiting[target] += 1
    sources = [node for node in nodes if not waiting[node]]
    layer = dict.fromkeys(nodes, 0)
    ready = list(sources)
    while ready:
        node = ready.pop()
        for target in targets[node]:
            layer[target] = max(layer[target], layer[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for node in sources:
        if targets[node]:
            layer[node] = min(layer[target] for target in targets[node]) - 1
    return layer


def _rows(
    nodes: Sequence[str], edges: Sequence[tuple[str, str]], layer: Mapping[str, int]
) -> tuple[list[list[_Key]], dict[tuple[str, str], list[_Key]]]:
    """Keys of each layer, waypoints included, and those that each edge passes."""
    rows: list[list[_Key]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in nodes:
        rows[layer[node]].append(node)
    chains: dict[tuple[str, str], list[_Key]] = {}
    for source, target in edges:
        between = range(layer[source] + 1, layer[target])
        waypoints: list[_Key] = [(source, target, level) for level in between]
        for level, waypoint in zip(between, waypoints, strict=True):
            rows[level].append(waypoint)
        chains[source, target] = [source, *waypoints, target]
    return rows, chains


def _neighbours(
    chains: Iterable[Sequence[_Key]],
) -> tuple[dict[_Key, list[_Key]], dict[_Key, list[_Key]]]:
    """Neighbours in the layer above and in the layer below."""
    above: dict[_Key, list[_Key]] = {}
    below: dict[_Key, list[_Key]] = {}
    for chain in chains:
        for upper, lower in itertools.pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    return above, below


def _order(rows: list[list[_Key]], above: _Neighbours, below: _Neighbours) -> None:
    """Sorts each layer by where its neighbours are, down and up in turn."""
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        chosen = rows[1:] if down else rows[-2::-1]
        for row, fixed in zip(chosen, rows if down else rows[:0:-1], strict=False):
            position = {key: index / max(len(fixed) - 1, 1) for index, key in enumerate(fixed)}
            size = max(len(row) - 1, 1)
            own = {key: index / size for index, key in enumerate(row)}
            neighbours = above if down else below
            wanted = {
                key: _mean([position[near] for near in neighbours.get(key, ())], own[key])
                for key in row
            }
            row.sort(key=wanted.__getitem__)


def _columns(rows: list[list[_Key]], above: _Neighbours, below: _Neighbours) -> dict[_Key, float]:
    x: dict[_Key, float] = {}
    for row in rows:
        offsets = _offsets(row)
        x |= {key: at - offsets[-1] / 2 for key, at in zip(row, offsets, strict=True)}
    for sweep in range(_SWEEPS):
        neighbours = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = [_mean([x[near] for near in neighbours.get(key, ())], x[key]) for key in row]
            weights = [8.0 if isinstance(key, tuple) else 1.0 for key in row]
            x |= zip(row, _spread(wanted, weights, _offsets(row)), strict=True)
    return x


def _offsets(row: Sequence[_Key]) -> list[float]:
    """Smallest distance of each key from the first one in its layer."""
    widths = [_WAYPOINT_WIDTH if isinstance(key, tuple) else NODE_WIDTH for key in row]
    offsets = [0.0] if widths else []
    for left, right in itertools.pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + _COLUMN_GAP)
    return offsets


def _spread(
    wanted: Sequence[float], weights: Sequence[float], offsets: Sequence[float]
) -> list[float]:
    """Positions nearest to those wanted (least squares) that keep order and distances.

    Pool adjacent violators: without the offsets the positions need only not decrease.
    """
    blocks: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        value, total, count = want - offset, weight, 1
        while blocks and blocks[-1][0] > value:
            before, before_total, before_count = blocks.pop()
            value = (value * total + before * before_total) / (total + before_total)
            total, count = total + before_total, count + before_count
        blocks.append((value, total, count))
    level = [value for value, _, count in blocks for _ in range(count)]
    return [value + offset for value, offset in zip(level, offsets, strict=True)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
