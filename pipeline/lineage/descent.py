"""What holds something of given examples: narrower than `walk.descendants`.

An evaluation or a blessing came from the examples too, and with it every push that it allowed; but
it holds nothing of them, and a model that was compared with another one did not learn from it.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from pipeline.lineage.records import Artifact
from pipeline.lineage.store import Store

EXAMPLES: Final = "Examples"
MODEL: Final = "Model"
PUSHED_MODEL: Final = "PushedModel"
STATISTICS: Final = "ExampleStatistics"
MANIFEST: Final = "VideoManifest"

_PASSED_ON_BY: Final = frozenset(("manifest", "examples", "model"))  # input keys of nodes
_PASSED_ON_TO: Final = frozenset((EXAMPLES, MODEL, PUSHED_MODEL, STATISTICS))


def made_from(store: Store, artifact_ids: Iterable[int]) -> Iterator[tuple[int, Artifact]]:
    """Yields pairs of an artifact's id and an artifact that was made of it, level by level.

    Args:
      store: To read.
      artifact_ids: Of manifests, examples or models, where the walk begins.
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
