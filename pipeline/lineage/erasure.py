"""Plans and carries out the erasure of a video or a person.

`plan` finds everything that holds the video, and changes nothing. `erase` does what a plan says.
The list of erased keys comes first, so that no run that begins afterwards takes the video in again;
face crops and scores go, models that learnt from the video say so, the files of examples go; the
record in ML Metadata is closed last. What is interrupted is gone on with by the next call.
"""

import collections
import dataclasses
import datetime
import json
import pathlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components import artifact_files
from components.guarded_pusher import keys as pusher_keys
from pipeline.lineage import side_files, walk
from pipeline.lineage.names import unknown_video
from pipeline.lineage.records import DELETED, Artifact
from pipeline.lineage.store import Store
from pipeline.runs.folders import DashboardFolder
from schemas import erased, files, names, signatures, taxonomy, track_index, video_record
from schemas.errors import LineageError
from schemas.video_record import VideoRecord

# Custom properties that an erasure writes.
ERASED_KEY: Final = "erased_key"  # str, of Examples and ExampleStatistics: SHA-256 of the key
TAINTED_BECAUSE: Final = "tainted_because"  # str: a sentence without the name
_LEARNT_FROM: Final = frozenset(split.value for split in taxonomy.Split) - {
    taxonomy.Split.TEST.value
}
# The record of an erasure in ML Metadata: type of the execution and of its context.
RECORD_TYPE: Final = "deepfake.Erasure"
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
class Removal:
    """An artifact whose files hold something of the videos, and go as a whole.

    Attributes:
      artifact_id: Id in the store.
      type: Examples, or ExampleStatistics, which name single videos.
      uri: Folder of the artifact.
      num_files: Number of files in the folder.
      num_bytes: Size of these files together, in bytes.
    """

    artifact_id: int
    type: str
    uri: str
    num_files: int
    num_bytes: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Affected:
    """A model, or a pushed version of one, that saw the videos.

    Attributes:
      artifact_id: Id in the store.
      type: Model or PushedModel.
      uri: Folder of the artifact.
      version: Number of the pushed version; empty of a Model.
      served_from: Folder of the pushed version; empty of a Model.
      splits: Splits in which the model saw the videos.
      learnt: Whether one of the splits is not the test split: only then the model has to be
        trained again.
      is_tainted: Whether it is already marked as trained on this erased key.
    """

    artifact_id: int
    type: str
    uri: str
    version: str
    served_from: str
    splits: tuple[str, ...]
    learnt: bool
    is_tainted: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class ErasurePlan:
    """What the erasure of one key comes to.

    Attributes:
      kind: `video` or `identity`.
      name: Record key, or identity as `dataset/name`.
      sha256: SHA-256 of the name, 64 hexadecimal digits.
      is_listed: Whether the list of erased keys has it already, so that later runs leave it out.
      videos: Record keys of the videos to erase.
      sources: Paths of the video files; they belong to whoever keeps them and are not touched.
      derived: Record keys of videos that were made from these and are not erased with them.
      removals: Artifacts whose files will be removed.
      crops: Files of face crops on dashboard pages, which will be removed as well.
      affected: Models and pushed versions that saw the videos, the models first.
      runs: Ids of the runs whose results rest on the videos.
      records: Folders of manifests that go on naming the videos, as evidence of what was trained
        on.
    """

    kind: str
    name: str
    sha256: str
    is_listed: bool
    videos: tuple[str, ...]
    sources: tuple[str, ...]
    derived: tuple[str, ...]
    removals: tuple[Removal, ...]
    crops: tuple[str, ...]
    affected: tuple[Affected, ...]
    runs: tuple[str, ...]
    records: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        tainted = all(entry.is_tainted for entry in self.affected if entry.learnt)
        return self.is_listed and tainted and not self.removals and not self.crops


def plan(store: Store, name: str, listed: pathlib.Path) -> ErasurePlan:
    """Finds everything that holds the video or person `name`.

    Args:
      store: Store to read.
      name: A record key, an identity as `dataset/name`, or a plain name that is in one dataset.
      listed: The list of erased keys, in the output folder.

    Raises:
      LineageError: `unknown_video`: No manifest that is still there names it.
      LineageError: `ambiguous_identity`: People of several datasets have that name.
    """
    manifests = dict(_manifests(store))
    everything = [record for records in manifests.values() for record in records]
    kind, full_name = _keys_meant(name, everything)
    sha256 = erased.digest(full_name)
    chosen = {
        a: [r for r in found if _is_meant(r, kind, full_name)] for a, found in manifests.items()
    }
    holding = {a: found for a, found in chosen.items() if found}
    mine = {record.key: record for found in holding.values() for record in found}
    reached = _reached(store, holding, sha256)
    artifacts = store.artifacts(reached)
    return ErasurePlan(
        kind=kind,
        name=full_name,
        sha256=sha256,
        is_listed=erased.ErasedKeys(erased.read(listed)).holds(kind, full_name),
        videos=tuple(sorted(mine)),
        sources=tuple(sorted({r.path for found in holding.values() for r in found})),
        derived=tuple(sorted(_derived(everything, mine))),
        removals=tuple(_removals(artifacts.values())),
        crops=tuple(_crops(listed.parent, sorted(mine))),
        affected=tuple(_affected(artifacts.values(), reached, sha256)),
        runs=_runs(store, artifacts),
        records=tuple(store.artifacts([a])[a].uri for a in sorted(holding)),
    )


def _keys_meant(name: str, records: Iterable[VideoRecord]) -> tuple[str, str]:
    """Kind and full name of what `name` means.

    Raises:
      LineageError: `unknown_video`: Nothing.
      LineageError: `ambiguous_identity`: People of several datasets.
    """
    keys: set[str] = set()
    identities: set[str] = set()
    for record in records:
        keys.add(record.key)
        identities.update(record.identities)
    if name in keys:
        return erased.VIDEO, name
    if name in identities:
        return erased.IDENTITY, name
    ending = sorted(known for known in identities if known.rpartition("/")[2] == name)
    if len(ending) > 1:
        raise LineageError(
            "ambiguous_identity",
            f"{name!r} is a person in several datasets: {', '.join(ending)}; give one of these",
        )
    if not ending:
        raise unknown_video(name, keys | identities)
    return erased.IDENTITY, ending[0]


def _is_meant(record: VideoRecord, kind: str, name: str) -> bool:
    """Whether the video is the one of that name, or shows the person."""
    return record.key == name if kind == erased.VIDEO else name in record.identities


def _derived(records: Iterable[VideoRecord], mine: Mapping[str, VideoRecord]) -> set[str]:
    """Videos that name one of `mine` as the video that was altered."""
    ids = {(record.dataset, record.video_id) for record in mine.values()}
    return {
        record.key
        for record in records
        if record.source_video
        and (record.source_video in mine or (record.dataset, record.source_video) in ids)
    } - mine.keys()


def _manifests(store: Store) -> Iterator[tuple[int, Sequence[VideoRecord]]]:
    for artifact in store.artifacts_by_type(names.VIDEO_MANIFEST):
        path = artifact_files.local_folder(artifact.uri) / video_record.FILE_NAME
        if path.is_file():
            yield artifact.id, video_record.read(path)


def _reached(
    store: Store, holding: Mapping[int, Sequence[VideoRecord]], sha256: str
) -> Mapping[int, set[str]]:
    """Splits in which each artifact holds the videos, by its id."""
    reached: dict[int, set[str]] = collections.defaultdict(set)
    for source, target in walk.made_from(store, holding):
        if source in holding:
            reached[target.id] |= _splits(target, holding[source], sha256)
        else:
            reached[target.id] |= reached[source]
    return {artifact_id: splits for artifact_id, splits in reached.items() if splits}


def _splits(examples: Artifact, records: Sequence[VideoRecord], sha256: str) -> set[str]:
    """Splits of the videos in examples: a video may be in the manifest and yet have no example."""
    planned = {record.key: record.split for record in records}
    index = artifact_files.local_folder(examples.uri)
    was_begun = examples.properties.get(ERASED_KEY) == sha256
    if was_begun or not (index / track_index.FILE_NAME).is_file():
        return set(planned.values())  # without an index, assume that all are there
    rows = track_index.read(str(index))
    return {row.split for row in rows if row.record_key in planned}


def _removals(artifacts: Iterable[Artifact]) -> Iterator[Removal]:
    for artifact in sorted(artifacts, key=lambda artifact: artifact.id):
        folder = artifact_files.local_folder(artifact.uri)
        is_there = folder.exists() or artifact.state != DELETED
        if artifact.type in (names.EXAMPLES, names.EXAMPLE_STATISTICS) and is_there:
            sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
            yield Removal(
                artifact_id=artifact.id,
                type=artifact.type,
                uri=artifact.uri,
                num_files=len(sizes),
                num_bytes=sum(sizes),
            )


def _crops(output: pathlib.Path, videos: Iterable[str]) -> Iterator[str]:
    site = DashboardFolder.below(output)
    return (str(path) for video in videos for path in site.frames_of(video))


def _affected(
    artifacts: Iterable[Artifact], reached: Mapping[int, set[str]], sha256: str
) -> Iterator[Affected]:
    models = (a for a in artifacts if a.type in (names.MODEL, names.PUSHED_MODEL))
    for artifact in sorted(models, key=lambda artifact: (artifact.type, artifact.id)):
        splits = reached[artifact.id]
        was_refused = artifact.properties.get(pusher_keys.PUSHED) != 1
        if artifact.type == names.PUSHED_MODEL and was_refused:
            continue
        yield Affected(
            artifact_id=artifact.id,
            type=artifact.type,
            uri=artifact.uri,
            version=str(artifact.properties.get(pusher_keys.PUSHED_VERSION, "")),
            served_from=str(artifact.properties.get(pusher_keys.PUSHED_DESTINATION, "")),
            splits=tuple(split for split in taxonomy.SPLITS if split in splits),
            learnt=bool(splits & _LEARNT_FROM),
            is_tainted=_short(sha256) in str(artifact.properties.get(TAINTED_BECAUSE, "")),
        )


def _runs(store: Store, artifact_ids: Iterable[int]) -> tuple[str, ...]:
    links = [link for link in store.links_of_artifacts(artifact_ids) if link.is_output]
    executions = store.executions({link.execution_id for link in links}).values()
    return tuple(sorted({execution.run for execution in executions if execution.run}))


def _short(sha256: str) -> str:
    """Start of a key's digest, as the reason of a taint names it."""
    return sha256[:12]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Erasure:
    """What one call of `erase` did, without what an earlier, interrupted call had done.

    Attributes:
      execution_id: Id of the record in ML Metadata.
      removed: Ids of the artifacts whose files were removed.
      num_crops_removed: Number of face crops removed from dashboard pages.
      tainted: Ids of the models and pushed versions that were marked as tainted.
      num_scores_removed: Number of the videos' scores taken out of models' reference files.
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
      connection: Connection to the store that the plan was made from; it is written to.
      plan: Plan that was made just before, while no run was going on.
      listed: File that holds the list of erased keys.
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
        reasons = artifact.custom_properties[TAINTED_BECAUSE]
        reason = f"learnt from an erased {plan.kind} ({_short(plan.sha256)})"
        reason += f" in {splits[artifact.id]}"
        reasons.string_value = "; ".join(filter(None, (reasons.string_value, reason)))
        artifact.custom_properties[erased.TAINTED].int_value = 1
    if artifacts:
        client.put_artifacts(artifacts)


def _remove(client: metadata_store.MetadataStore, removals: Sequence[Removal], sha256: str) -> None:
    """Marks the artifacts for deletion, removes their folders, and marks them as deleted.

    The folders go as a whole: TFX takes an artifact from its cache for as long as its folder is
    there, whatever the artifact's state.
    """
    if not removals:
        return
    artifacts = client.get_artifacts_by_id([removal.artifact_id for removal in removals])
    for artifact in artifacts:
        artifact.custom_properties[ERASED_KEY].string_value = sha256
        artifact.state = _Artifact.MARKED_FOR_DELETION
    client.put_artifacts(artifacts)
    for artifact in client.get_artifacts_by_id([artifact.id for artifact in artifacts]):
        folder = artifact_files.local_folder(artifact.uri)
        if folder.exists():
            shutil.rmtree(folder)
        artifact.state = _Artifact.DELETED
        client.put_artifacts([artifact])


def _remove_crops(output: pathlib.Path, videos: Iterable[str]) -> int:
    """Removes all crops that pages have now, also those made after the plan.

    The pages show "removed" in their place until they are written again. Code that writes crops
    reads the list of erased keys afterwards, and removes what it wrote after this call.
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
        yield folder / side_files.SERVING_MODEL if entry.type == names.MODEL else folder
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
        files.write(path, json.dumps(kept, indent=1, sort_keys=True) + "\n")
    return len(scores) - len(kept)
