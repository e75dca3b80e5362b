"""What was pushed of which model, and which runs took a model from the cache; asked in bulk."""

import collections
import dataclasses
from collections.abc import Collection, Mapping

from components.guarded_pusher import keys
from pipeline.lineage import names
from pipeline.lineage.records import CACHED, Artifact
from pipeline.lineage.store import Store


@dataclasses.dataclass(frozen=True, kw_only=True)
class Push:
    """What Pusher did with a model.

    Attributes:
      artifact_id: Of the PushedModel.
      run: In which it was decided.
      pushed: Whether the model was pushed.
      version: Its number; empty where nothing was pushed.
      destination: The version's folder; empty where nothing was pushed.
      refused_because: Empty where it was pushed.
    """

    artifact_id: int
    run: str
    pushed: bool
    version: str
    destination: str
    refused_because: str


def by_model(store: Store, model_ids: Collection[int]) -> Mapping[int, tuple[Push, ...]]:
    """What Pusher did with each of the models, oldest first; a model that none met is absent."""
    pushed = {artifact.id: artifact for artifact in store.artifacts_by_type(names.PUSHED_MODEL)}
    made = store.links_of_artifacts(pushed, is_output=True)
    executions = store.executions(link.execution_id for link in made)
    read = store.links_of_executions(executions, is_output=False)
    model_of = {
        link.execution_id: link.artifact_id
        for link in read
        if link.key == keys.MODEL and link.artifact_id in model_ids
    }
    found: dict[int, dict[int, Push]] = collections.defaultdict(dict)
    for link in sorted(made, key=lambda link: (link.artifact_id, link.execution_id)):
        if link.execution_id in model_of:  # the first one pushed; others found it in the cache
            push = _push(pushed[link.artifact_id], executions[link.execution_id].run)
            found[model_of[link.execution_id]].setdefault(link.artifact_id, push)
    return {model: tuple(by_artifact.values()) for model, by_artifact in found.items()}


def versions(pushes: Collection[Push]) -> tuple[str, ...]:
    """The versions among them that were pushed."""
    return tuple(push.version for push in pushes if push.pushed)


def reused_by(store: Store, model_ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
    """Runs that took each of the models from the cache, oldest first; others are absent."""
    made = store.links_of_artifacts(model_ids, is_output=True)
    executions = store.executions(link.execution_id for link in made)
    found: dict[int, dict[str, None]] = collections.defaultdict(dict)
    for link in sorted(made, key=lambda link: link.execution_id):
        execution = executions[link.execution_id]
        if execution.state == CACHED:
            found[link.artifact_id][execution.run] = None
    return {model: tuple(runs) for model, runs in found.items()}


def _push(artifact: Artifact, run: str) -> Push:
    properties = artifact.properties
    return Push(
        artifact_id=artifact.id,
        run=run,
        pushed=properties.get(keys.PUSHED) == 1,
        version=str(properties.get(keys.PUSHED_VERSION, "")),
        destination=str(properties.get(keys.PUSHED_DESTINATION, "")),
        refused_because=str(properties.get(keys.REFUSED_BECAUSE, "")),
    )
