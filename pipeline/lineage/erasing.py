"""Carries out an erasure plan. Every step may be interrupted; the same call again goes on.

The list of erased keys comes first, so that no run that begins afterwards takes the video in again;
the record in ML Metadata is closed last.
"""

import dataclasses
import datetime
import json
import pathlib
import shutil
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components import artifact_files
from pipeline.journal.dashboard_folder import DashboardFolder
from pipeline.lineage import descent, erasure, side_files
from pipeline.lineage.erasure import Affected, ErasurePlan, Removal
from schemas import erased, signatures

RECORD_TYPE: Final = "deepfake.Erasure"  # of the execution and of its context

_Artifact = metadata_store_pb2.Artifact
_Execution = metadata_store_pb2.Execution
_PROPERTIES: Final = {
    "key_sha256": metadata_store_pb2.STRING,
    "kind": metadata_store_pb2.STRING,
    "begun_at": metadata_store_pb2.STRING,
    "ended_at": metadata_store_pb2.STRING,
    "num_videos": metadata_store_pb2.INT,
    "removed_artifacts": metadata_store_pb2.STRING,  # JSON list of ids
    "tainted_artifacts": metadata_store_pb2.STRING,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Erasure:
    """What one call did; a call that went on with an interrupted one tells of its own part.

    Attributes:
      execution_id: Of the record in ML Metadata.
      removed: Ids of artifacts whose files went.
      num_crops_removed: Face crops on the pages of the dashboard.
      tainted: Ids of models and pushed versions that say so now.
      num_scores_removed: Scores of the videos taken out of models' reference files.
    """

    execution_id: int
    removed: tuple[int, ...]
    num_crops_removed: int
    tainted: tuple[int, ...]
    num_scores_removed: int


def erase(
    connection: metadata_store_pb2.ConnectionConfig, plan: ErasurePlan, listed: pathlib.Path
) -> Erasure:
    """Does what `plan` says.

    Args:
      connection: To the store that the plan was made of; it is written to.
      plan: Made just before, while no run was going on.
      listed: The list of erased keys.
    """
    client = metadata_store.MetadataStore(connection)
    key = erased.ErasedKey(kind=plan.kind, sha256=plan.sha256, erased_at=_now())
    erased.add(listed, key)
    record = _opened(client, plan)
    num_crops = _remove_crops(listed.parent, plan.videos)
    num_scores = sum(_forget_scores(folder, plan.videos) for folder in _models(plan.affected))
    to_taint = [entry for entry in plan.affected if entry.learnt and not entry.is_tainted]
    _taint(client, to_taint, plan)
    _remove(client, plan.removals, plan.sha256)
    done = Erasure(
        execution_id=record.id,
        removed=tuple(removal.artifact_id for removal in plan.removals),
        num_crops_removed=num_crops,
        tainted=tuple(entry.artifact_id for entry in to_taint),
        num_scores_removed=num_scores,
    )
    _close(client, record, done)
    return done


def _now() -> str:
    return datetime.datetime.now(tz=datetime.timezone.utc).isoformat(timespec="seconds")


def _opened(client: metadata_store.MetadataStore, plan: ErasurePlan) -> Any:
    """The record of this erasure, made or found again; its name is the digest of the key."""
    name = f"{plan.kind}-{plan.sha256}"
    try:
        found = client.get_execution_by_type_and_name(RECORD_TYPE, name)
    except mlmd_errors.NotFoundError:
        found = None
    if found is not None:
        return found
    execution_type = metadata_store_pb2.ExecutionType(name=RECORD_TYPE, properties=_PROPERTIES)
    record = _Execution(
        type_id=client.put_execution_type(execution_type),
        name=name,
        last_known_state=_Execution.RUNNING,
    )
    _set(record, key_sha256=plan.sha256, kind=plan.kind, begun_at=_now())
    record.properties["num_videos"].int_value = len(plan.videos)
    context_type = metadata_store_pb2.ContextType(name=RECORD_TYPE)
    context = metadata_store_pb2.Context(type_id=client.put_context_type(context_type), name=name)
    execution_id, _, _ = client.put_execution(
        record, [], [context], reuse_context_if_already_exist=True
    )
    [stored] = client.get_executions_by_id([execution_id])
    return stored


def _close(client: metadata_store.MetadataStore, record: Any, done: Erasure) -> None:
    removed = _ids(record, "removed_artifacts") | set(done.removed)
    tainted = _ids(record, "tainted_artifacts") | set(done.tainted)
    _set(
        record,
        ended_at=_now(),
        removed_artifacts=json.dumps(sorted(removed)),
        tainted_artifacts=json.dumps(sorted(tainted)),
    )
    record.last_known_state = _Execution.COMPLETE
    client.put_executions([record])


def _ids(record: Any, name: str) -> set[int]:
    return set(json.loads(record.properties[name].string_value or "[]"))


def _set(record: Any, **texts: str) -> None:
    for name, text in texts.items():
        record.properties[name].string_value = text


def _taint(
    client: metadata_store.MetadataStore, entries: Sequence[Affected], plan: ErasurePlan
) -> None:
    splits = {entry.artifact_id: ", ".join(entry.splits) for entry in entries}
    artifacts = client.get_artifacts_by_id(list(splits)) if splits else []
    for artifact in artifacts:
        reasons = artifact.custom_properties[erasure.TAINTED_BECAUSE]
        reason = f"learnt from an erased {plan.kind} ({erasure.short(plan.sha256)})"
        reason += f" in {splits[artifact.id]}"
        reasons.string_value = "; ".join(filter(None, (reasons.string_value, reason)))
        artifact.custom_properties[erased.TAINTED].int_value = 1
    if artifacts:
        client.put_artifacts(artifacts)


def _remove(client: metadata_store.MetadataStore, removals: Sequence[Removal], sha256: str) -> None:
    """Marks all of them, removes their folders, and says so.

    The folders go as a whole: TFX takes an artifact from its cache for as long as its folder is
    there, whatever the artifact's state.
    """
    if not removals:
        return
    artifacts = client.get_artifacts_by_id([removal.artifact_id for removal in removals])
    for artifact in artifacts:
        artifact.custom_properties[erasure.ERASED_KEY].string_value = sha256
        artifact.state = _Artifact.MARKED_FOR_DELETION
    client.put_artifacts(artifacts)
    for artifact in client.get_artifacts_by_id([artifact.id for artifact in artifacts]):
        folder = artifact_files.local_folder(artifact.uri)
        if folder.exists():
            shutil.rmtree(folder)
        artifact.state = _Artifact.DELETED
        client.put_artifacts([artifact])


def _remove_crops(output: pathlib.Path, videos: Iterable[str]) -> int:
    """Removes those that pages have now, more than the plan's if a server made some meanwhile.

    The pages say "removed" in their place, until they are made again without. Whoever writes crops
    looks at the list of erased keys afterwards: what is not removed here is removed there.
    """
    site = DashboardFolder.below(output)
    crops = [crop for video in videos for crop in site.frames_of(video)]
    for crop in crops:
        crop.unlink(missing_ok=True)
    return len(crops)


def _models(affected: Iterable[Affected]) -> Iterable[pathlib.Path]:
    """Folders of SavedModels: in the models, in what was pushed, and where it is served from."""
    for entry in affected:
        folder = artifact_files.local_folder(entry.uri)
        yield folder / side_files.SERVING_MODEL if entry.type == descent.MODEL else folder
        if entry.served_from:
            yield artifact_files.local_folder(entry.served_from)


def _forget_scores(model: pathlib.Path, videos: Sequence[str]) -> int:
    """Takes the videos out of the model's reference scores; returns how many scores that were."""
    path = model / signatures.EXTRA_ASSETS / signatures.REFERENCE_FILE
    if not path.is_file():
        return 0
    scores = json.loads(path.read_text(encoding="utf-8"))
    chosen = set(videos)
    kept = {key: score for key, score in scores.items() if key.rpartition("/")[0] not in chosen}
    if len(kept) < len(scores):
        new = path.with_name(f".{path.name}.new")
        new.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        new.replace(path)
    return len(scores) - len(kept)
