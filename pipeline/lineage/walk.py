"""Walks from artifacts to what they came from, or to what came from them, a level at a time.

`made_from` follows only what holds data itself: an evaluation or a blessing came from the examples
too, but holds nothing of them, and a model learns nothing from the baseline of its evaluation.
"""

import collections
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from pipeline.lineage.records import CACHED, COMPLETE, Artifact, Execution, Link
from pipeline.lineage.store import Store
from schemas.names import EXAMPLE_STATISTICS, EXAMPLES, MODEL, PUSHED_MODEL

# Inputs that something is compared with: it is shown, but nothing came from it.
COMPARISONS: Final = frozenset(("baseline_model",))

_PREFERRED: Final = (COMPLETE, CACHED)  # producers; any other state comes last

_PASSED_ON_BY: Final = frozenset(("manifest", "examples", "model"))  # input keys of nodes
_PASSED_ON_TO: Final = frozenset((EXAMPLES, MODEL, PUSHED_MODEL, EXAMPLE_STATISTICS))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Graph:
    """Part of a store: executions, artifacts, and the links between them, each link once."""

    artifacts: Mapping[int, Artifact]
    executions: Mapping[int, Execution]
    links: tuple[Link, ...]

    def producer(self, artifact_id: int) -> Execution | None:
        """The execution that made the artifact: one that completed, before one that was cached."""
        made_by = [
            self.executions[link.execution_id]
            for link in self._links_of_artifact[artifact_id]
            if link.is_output
        ]
        return min(made_by, key=_producer_order, default=None)

    def inputs(self, execution_id: int, key: str | None = None) -> tuple[Artifact, ...]:
        """What the execution read, from all channels or from that of `key`."""
        return self._linked(execution_id, key, is_output=False)

    def outputs(self, execution_id: int, key: str | None = None) -> tuple[Artifact, ...]:
        """What the execution made, as far as it is in this graph."""
        return self._linked(execution_id, key, is_output=True)

    def of_type(self, type_name: str) -> tuple[Artifact, ...]:
        """The artifacts of a type, by id."""
        found = (a for a in self.artifacts.values() if a.type == type_name)
        return tuple(sorted(found, key=lambda artifact: artifact.id))

    def of_node(self, node: str) -> tuple[Execution, ...]:
        """The executions of a node, by id."""
        found = (e for e in self.executions.values() if e.node == node)
        return tuple(sorted(found, key=lambda execution: execution.id))

    def _linked(
        self, execution_id: int, key: str | None, *, is_output: bool
    ) -> tuple[Artifact, ...]:
        chosen = [
            link
            for link in self._links_of_execution[execution_id]
            if link.is_output == is_output and key in (None, link.key)
        ]
        ordered = sorted(chosen, key=lambda link: (link.key, link.index, link.artifact_id))
        return tuple(self.artifacts[link.artifact_id] for link in ordered)

    @functools.cached_property
    def _links_of_artifact(self) -> Mapping[int, list[Link]]:
        return _grouped(self.links, lambda link: link.artifact_id)

    @functools.cached_property
    def _links_of_execution(self) -> Mapping[int, list[Link]]:
        return _grouped(self.links, lambda link: link.execution_id)


def ancestors(store: Store, artifact_ids: Iterable[int]) -> Graph:
    """The artifacts and everything that they came from.

    Each artifact has one producer: the execution that made it, not those that found it in the
    cache. A baseline model is a leaf: what it came from is another question.
    """
    executions: dict[int, Execution] = {}
    links: set[Link] = set()
    seen = set(artifact_ids)
    level = seen
    while level:
        made = store.links_of_artifacts(level, is_output=True)
        makers = store.executions(link.execution_id for link in made)
        chosen = _one_producer_each(made, makers)
        links.update(chosen)
        new = {link.execution_id for link in chosen} - executions.keys()
        executions.update((key, makers[key]) for key in new)
        read = store.links_of_executions(new, is_output=False)
        links.update(read)
        reached = {link.artifact_id for link in read}
        level = {link.artifact_id for link in read if link.key not in COMPARISONS} - seen
        seen = seen | reached
    return _graph(store, seen, executions, links)


def producers(store: Store, artifact_ids: Iterable[int]) -> dict[int, Execution]:
    """The execution that made each artifact, as `Graph.producer` chooses it."""
    made = store.links_of_artifacts(artifact_ids, is_output=True)
    makers = store.executions(link.execution_id for link in made)
    return {
        link.artifact_id: makers[link.execution_id] for link in _one_producer_each(made, makers)
    }


def with_outputs(store: Store, graph: Graph) -> Graph:
    """The graph with everything else that its executions made."""
    made = store.links_of_executions(graph.executions, is_output=True)
    artifacts = {**graph.artifacts, **store.artifacts(link.artifact_id for link in made)}
    links = {*graph.links, *made}
    return _graph(store, artifacts, dict(graph.executions), links)


def _one_producer_each(made: Iterable[Link], makers: Mapping[int, Execution]) -> list[Link]:
    by_artifact = _grouped(
        (link for link in made if link.execution_id in makers), lambda link: link.artifact_id
    )
    return [
        min(links, key=lambda link: _producer_order(makers[link.execution_id]))
        for links in by_artifact.values()
    ]


def _grouped(links: Iterable[Link], key: Callable[[Link], int]) -> Mapping[int, list[Link]]:
    groups: dict[int, list[Link]] = collections.defaultdict(list)
    for link in links:
        groups[key(link)].append(link)
    return groups


def _producer_order(execution: Execution) -> tuple[int, int]:
    state = execution.state
    rank = _PREFERRED.index(state) if state in _PREFERRED else len(_PREFERRED)
    return rank, execution.id


def _graph(
    store: Store,
    artifact_ids: Iterable[int],
    executions: Mapping[int, Execution],
    links: Iterable[Link],
) -> Graph:
    artifacts = store.artifacts(sorted(artifact_ids))
    kept = (k for k in links if k.artifact_id in artifacts and k.execution_id in executions)
    ordered = sorted(kept, key=lambda k: (k.execution_id, k.is_output, k.key, k.index))
    return Graph(artifacts=artifacts, executions=executions, links=tuple(ordered))


def made_from(store: Store, artifact_ids: Iterable[int]) -> Iterator[tuple[int, Artifact]]:
    """Yields pairs of an artifact's id and an artifact that was made of it, level by level.

    Args:
      store: Store to read.
      artifact_ids: Ids of the manifests, examples or models where the walk begins.
    """
    level = set(artifact_ids)
    seen = set(level)
    while level:
        read = [
            link
            for link in store.links_of_artifacts(level)
            if not link.is_output and link.key in _PASSED_ON_BY
        ]
        made = [
            link
            for link in store.links_of_executions({link.execution_id for link in read})
            if link.is_output
        ]
        targets = store.artifacts({link.artifact_id for link in made})
        sources: dict[int, list[int]] = {}
        for link in read:
            sources.setdefault(link.execution_id, []).append(link.artifact_id)
        level = set()
        pairs = ((source, k.artifact_id) for k in made for source in sources[k.execution_id])
        for source, target in sorted(set(pairs)):
            if target in targets and targets[target].type in _PASSED_ON_TO:
                yield source, targets[target]
                level.add(target)
        level -= seen
        seen |= level
