"""Finds what a person means by the name of a model or a run, and what was pushed of a model."""

import collections
import dataclasses
from collections.abc import Collection, Mapping

from components.guarded_pusher import keys as pusher_keys
from pipeline.lineage.records import CACHED, Artifact, Run
from pipeline.lineage.store import Store
from pipeline.runs import folders
from schemas.errors import LineageError, UnknownRunError, listed, nearest
from schemas.names import MODEL, PUSHED_MODEL


def run(store: Store, name: str) -> Run:
    """The run `name`: its id, the start of it, or `latest`.

    Raises:
      UnknownRunError: There is none.
      LineageError: `ambiguous_run`: Several start with it.
    """
    known = {entry.name: entry for entry in store.runs()}
    found = folders.meant(name, list(known))
    if not found:
        newest = listed(sorted(known, reverse=True))
        raise UnknownRunError(
            "unknown_run", f"no run {name!r}{_hint(name, known)} (runs: {newest})"
        )
    if len(found) > 1:
        raise LineageError(
            "ambiguous_run", f"{name!r} is the start of several runs: {listed(found)}; give more"
        )
    return known[found[0]]


def unknown_video(name: str, known: Collection[str]) -> LineageError:
    """No record key, identity or dataset is called `name`."""
    return LineageError(
        "unknown_video",
        f"no video, identity or dataset {name!r}{_hint(name, known)} in any recorded manifest"
        " that can be read; a video is named dataset/method/video_id",
    )


def _hint(name: str, known: Collection[str]) -> str:
    near = nearest(name, known)
    return f" (did you mean {near}?)" if near else ""


def model(store: Store, name: str) -> Artifact:
    """The Model artifact that `name` means.

    Args:
      store: Store to look in.
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
        places = [str(artifact.properties[pusher_keys.PUSHED_DESTINATION]) for artifact in same]
        raise LineageError(
            "ambiguous_model",
            f"{name!r} means several models; give one of {', '.join(places)}",
        )
    found = next(iter(models.values()), None) or _by_id(store, name) or _by_run(store, name)
    if found is None:
        known = [str(a.properties.get(pusher_keys.PUSHED_VERSION, "")) for a in pushed]
        known = sorted(filter(None, known), reverse=True)
        raise LineageError(
            "unknown_model",
            f"no model {name!r}{_hint(name, known)}; give a pushed version, the id of a Model"
            f" artifact or a run (pushed versions: {listed(known)})",
        )
    return found


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
      artifact_id: Id of the PushedModel.
      run: The run in which it was decided.
      pushed: Whether the model was pushed.
      version: Number of the version; empty where nothing was pushed.
      destination: The version's folder; empty where nothing was pushed.
      refused_because: Why nothing was pushed; empty where the model was.
    """

    artifact_id: int
    run: str
    pushed: bool
    version: str
    destination: str
    refused_because: str


def by_model(store: Store, model_ids: Collection[int]) -> Mapping[int, tuple[Push, ...]]:
    """What Pusher did with each model, oldest first; a model that it never got is absent."""
    pushed = {artifact.id: artifact for artifact in store.artifacts_by_type(PUSHED_MODEL)}
    made = store.links_of_artifacts(pushed, is_output=True)
    executions = store.executions(link.execution_id for link in made)
    read = store.links_of_executions(executions, is_output=False)
    model_of = {
        link.execution_id: link.artifact_id
        for link in read
        if link.key == pusher_keys.MODEL and link.artifact_id in model_ids
    }
    found: dict[int, dict[int, Push]] = collections.defaultdict(dict)
    for link in sorted(made, key=lambda link: (link.artifact_id, link.execution_id)):
        if link.execution_id in model_of:  # the first one pushed; others found it in the cache
            push = _push(pushed[link.artifact_id], executions[link.execution_id].run)
            found[model_of[link.execution_id]].setdefault(link.artifact_id, push)
    return {model: tuple(by_artifact.values()) for model, by_artifact in found.items()}


def versions(pushes: Collection[Push]) -> tuple[str, ...]:
    """Versions of those pushes that were not refused."""
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
        pushed=properties.get(pusher_keys.PUSHED) == 1,
        version=str(properties.get(pusher_keys.PUSHED_VERSION, "")),
        destination=str(properties.get(pusher_keys.PUSHED_DESTINATION, "")),
        refused_because=str(properties.get(pusher_keys.REFUSED_BECAUSE, "")),
    )
