"""Finds what a person means by the name of a model or a run, and what was pushed of a model."""

import collections
import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from components.guarded_pusher import keys
from components.guarded_pusher import keys as pusher_keys
from pipeline.lineage import errors
from pipeline.lineage.records import CACHED, Artifact, Run
from pipeline.lineage.store import Store
from schemas.errors import LineageError, UnknownRunError
from schemas.names import MODEL, PUSHED_MODEL

LATEST: Final = "latest"


def run(store: Store, name: str) -> Run:
    """The run `name`: its id, the start of it, or `latest`.

    Raises:
      UnknownRunError: There is none.
      LineageError: `ambiguous_run`: Several start with it.
    """
    known = store.runs()
    found = [known[-1]] if name == LATEST and known else _starting(known, name)
    if not found:
        raise errors.unknown_run(name, [entry.name for entry in known])
    if len(found) > 1:
        raise errors.ambiguous_run(name, [entry.name for entry in found])
    return found[0]


def model(store: Store, name: str) -> Artifact:
    """The Model artifact that `name` means.

    Args:
      store: To look in.
      name: A pushed version, the folder of one, the id of a Model or PushedModel artifact, a run
        (or the start of its id) that made or reused the model, or `latest` for the last run.

    Raises:
      LineageError: `unknown_model`: It means nothing.
      LineageError: `ambiguous_model`: The version was pushed from several models.
      LineageError: `no_model`: It means a run, and that has no model.
      LineageError: `ambiguous_run`: Several runs start with it.
    """
    pushed = _pushed(store)
    same = [artifact for artifact in pushed if name in _names_of(artifact)]
    models = {source.id: source for artifact in same if (source := _source(store, artifact))}
    if len(models) > 1:
        folders = [str(artifact.properties[pusher_keys.PUSHED_DESTINATION]) for artifact in same]
        raise errors.ambiguous_model(name, folders)
    found = next(iter(models.values()), None) or _by_id(store, name) or _by_run(store, name)
    if found is None:
        versions = [str(a.properties.get(pusher_keys.PUSHED_VERSION, "")) for a in pushed]
        raise errors.unknown_model(name, [version for version in versions if version])
    return found


def _starting(known: Sequence[Run], name: str) -> list[Run]:
    exact = [entry for entry in known if entry.name == name]
    return exact or [entry for entry in known if name and entry.name.startswith(name)]


def _pushed(store: Store) -> list[Artifact]:
    found = store.artifacts_by_type(PUSHED_MODEL)
    return [artifact for artifact in found if artifact.properties.get(pusher_keys.PUSHED) == 1]


def _names_of(artifact: Artifact) -> tuple[object, object]:
    properties = artifact.properties
    version = properties.get(pusher_keys.PUSHED_VERSION)
    return version, properties.get(pusher_keys.PUSHED_DESTINATION)


def _by_id(store: Store, name: str) -> Artifact | None:
    if not (name.isascii() and name.isdigit()):
        return None
    # Ids are 64-bit numbers to ML Metadata.
    found = store.artifacts([int(name)]).get(int(name)) if int(name) < 1 << 63 else None
    if found is not None and found.type == PUSHED_MODEL:
        return _source(store, found)
    return found if found is not None and found.type == MODEL else None


def _by_run(store: Store, name: str) -> Artifact | None:
    try:
        meant = run(store, name)
    except UnknownRunError:
        return None
    executions = [execution.id for execution in store.executions_of(meant.name)]
    links = store.links_of_executions(executions, is_output=True)
    made = store.artifacts(link.artifact_id for link in links).values()
    models = [artifact for artifact in made if artifact.type == MODEL]
    if not models:
        raise LineageError(
            "no_model", f"the run {meant.name} has no model: it did not get that far"
        )
    return max(models, key=lambda artifact: artifact.id)


def _source(store: Store, pushed: Artifact) -> Artifact | None:
    """The model that a Pusher read when it made `pushed`."""
    maker = [link.execution_id for link in store.links_of_artifacts([pushed.id], is_output=True)]
    read = store.links_of_executions(maker, is_output=False)
    inputs = store.artifacts(link.artifact_id for link in read if link.key == pusher_keys.MODEL)
    return next((artifact for artifact in inputs.values() if artifact.type == MODEL), None)


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
    pushed = {artifact.id: artifact for artifact in store.artifacts_by_type(PUSHED_MODEL)}
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
