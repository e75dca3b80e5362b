"""Finds what a person means: a model by pushed version, artifact id or run; a run by its start."""

from collections.abc import Sequence
from typing import Final

from components.guarded_pusher import keys as pusher_keys
from pipeline.lineage import errors
from pipeline.lineage.records import Artifact, Run
from pipeline.lineage.store import Store

LATEST: Final = "latest"
MODEL: Final = "Model"  # artifact types
PUSHED_MODEL: Final = "PushedModel"


def run(store: Store, name: str) -> Run:
    """The run `name`: its id, the start of it, or `latest`.

    Raises:
      UnknownRunError: There is none.
      AmbiguousRunError: Several start with it.
    """
    known = store.runs()
    found = [known[-1]] if name == LATEST and known else _starting(known, name)
    if not found:
        raise errors.UnknownRunError(name, [entry.name for entry in known])
    if len(found) > 1:
        raise errors.AmbiguousRunError(name, [entry.name for entry in found])
    return found[0]


def model(store: Store, name: str) -> Artifact:
    """The Model artifact that `name` means.

    Args:
      store: To look in.
      name: A pushed version, the folder of one, the id of a Model or PushedModel artifact, a run
        (or the start of its id) that made or reused the model, or `latest` for the last run.

    Raises:
      UnknownModelError: It means nothing.
      AmbiguousModelError: The version was pushed from several models.
      NoModelError: It means a run, and that has no model.
      AmbiguousRunError: Several runs start with it.
    """
    pushed = _pushed(store)
    same = [artifact for artifact in pushed if name in _names_of(artifact)]
    models = {source.id: source for artifact in same if (source := _source(store, artifact))}
    if len(models) > 1:
        folders = [str(artifact.properties[pusher_keys.PUSHED_DESTINATION]) for artifact in same]
        raise errors.AmbiguousModelError(name, folders)
    found = next(iter(models.values()), None) or _by_id(store, name) or _by_run(store, name)
    if found is None:
        versions = [str(a.properties.get(pusher_keys.PUSHED_VERSION, "")) for a in pushed]
        raise errors.UnknownModelError(name, [version for version in versions if version])
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
    except errors.UnknownRunError:
        return None
    executions = [execution.id for execution in store.executions_of(meant.name)]
    links = store.links_of_executions(executions, is_output=True)
    made = store.artifacts(link.artifact_id for link in links).values()
    models = [artifact for artifact in made if artifact.type == MODEL]
    if not models:
        raise errors.NoModelError(f"the run {meant.name} has no model: it did not get that far")
    return max(models, key=lambda artifact: artifact.id)


def _source(store: Store, pushed: Artifact) -> Artifact | None:
    """The model that a Pusher read when it made `pushed`."""
    maker = [link.execution_id for link in store.links_of_artifacts([pushed.id], is_output=True)]
    read = store.links_of_executions(maker, is_output=False)
    inputs = store.artifacts(link.artifact_id for link in read if link.key == pusher_keys.MODEL)
    return next((artifact for artifact in inputs.values() if artifact.type == MODEL), None)
