"""Finds the models that saw a video, a person or a dataset, and in which split."""

import collections
import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from pipeline.lineage import names, side_files, walk
from pipeline.lineage.records import Artifact, Execution
from pipeline.lineage.store import Store
from schemas import taxonomy
from schemas.errors import FilesGoneError
from schemas.names import EXAMPLES, FRAME_EXTRACTOR, MODEL, VIDEO_MANIFEST
from schemas.video_record import VideoRecord

VIDEO: Final = "video"
IDENTITY: Final = "identity"
DATASET: Final = "dataset"
KINDS: Final = (VIDEO, IDENTITY, DATASET)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sighting:
    """One model that saw what was asked for.

    Attributes:
      model_id: Id of the Model artifact.
      run: Id of the run that trained the model.
      created: When the model was recorded, ISO 8601, UTC.
      state: State of the Model artifact, as ML Metadata names it.
      splits: Number of videos by split; `test` is evaluated, never trained on.
      versions: Version numbers under which the model was pushed.
      reused_by: Runs that took the model from the cache.
      examples_ids: Ids of the Examples artifacts in which the videos are.
    """

    model_id: int
    run: str
    created: str
    state: str
    splits: Mapping[str, int]
    versions: tuple[str, ...]
    reused_by: tuple[str, ...]
    examples_ids: tuple[int, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Membership:
    """The answer.

    Attributes:
      asked: Name that was asked for.
      kind: What the name is: one of `KINDS`.
      videos: Record keys of the videos that the name means.
      manifests: Ids of the VideoManifest artifacts that hold one of them.
      models: Models that saw one of the videos, oldest first.
      without_example: Record keys of accepted videos that no Examples artifact holds.
      unread: Why files could not be read. Models made of manifests among them are not in the
        answer; where an index of examples is gone, as after an erasure, the splits are those of
        the manifest.
    """

    asked: str
    kind: str
    videos: tuple[str, ...]
    manifests: tuple[int, ...]
    models: tuple[Sighting, ...]
    without_example: tuple[str, ...]
    unread: tuple[str, ...]


def trains_on(store: Store, asked: str, kind: str | None = None) -> Membership:
    """Finds every model that saw a video, an identity or a dataset.

    Args:
      store: Store to look in.
      asked: Record key, identity or name of a dataset.
      kind: One of `KINDS`; by default the first of them that knows the name.

    Raises:
      LineageError: `unknown_video`: No recorded manifest that can be read knows it.
    """
    unread: list[str] = []
    records = _manifests(store, unread)
    kind, keys_by_manifest = _matching(records, asked, (kind,) if kind else KINDS)
    planned = {
        manifest: {row.key: row.split for row in records[manifest] if row.key in keys}
        for manifest, keys in keys_by_manifest.items()
    }
    splits = _splits(_extracted(store, planned), planned, unread)
    makers = walk.producers(store, [model.id for model in store.artifacts_by_type(MODEL)])
    sources = _sources(store, [key for key, found in splits.items() if found], makers)
    pushed, reused = names.by_model(store, sources), names.reused_by(store, sources)
    keys = {key for found in keys_by_manifest.values() for key in found}
    return Membership(
        asked=asked,
        kind=kind,
        videos=tuple(sorted(keys)),
        manifests=tuple(sorted(keys_by_manifest)),
        models=tuple(
            Sighting(
                model_id=model.id,
                run=makers[model.id].run,
                created=model.created.isoformat(timespec="seconds"),
                state=model.state,
                splits=_count(splits[examples] for examples in sources[model.id]),
                versions=names.versions(pushed.get(model.id, ())),
                reused_by=reused.get(model.id, ()),
                examples_ids=tuple(sorted(sources[model.id])),
            )
            for model in store.artifacts(sorted(sources)).values()
        ),
        without_example=tuple(sorted(keys - {key for by_key in splits.values() for key in by_key})),
        unread=tuple(unread),
    )


def _manifests(store: Store, unread: list[str]) -> dict[int, Sequence[VideoRecord]]:
    """Records by manifest; equal manifests are read once."""
    by_digest: dict[object, Sequence[VideoRecord]] = {}
    found: dict[int, Sequence[VideoRecord]] = {}
    for manifest in store.artifacts_by_type(VIDEO_MANIFEST):
        digest = manifest.properties.get("manifest_digest") or manifest.id
        if digest not in by_digest:
            try:
                by_digest[digest] = side_files.videos(manifest)
            except FilesGoneError as error:
                unread.append(str(error))
                continue
        found[manifest.id] = by_digest[digest]
    return found


def _matching(
    records: Mapping[int, Sequence[VideoRecord]], asked: str, kinds: Iterable[str | None]
) -> tuple[str, dict[int, frozenset[str]]]:
    """The kind that knows the name, and the keys of the videos it means by manifest."""
    for kind in kinds:
        found = {
            manifest: keys
            for manifest, rows in records.items()
            if (keys := frozenset(row.key for row in rows if asked in _names(row, kind)))
        }
        if found:
            return str(kind), found
    distinct = {id(rows): rows for rows in records.values()}.values()
    known = {
        name for rows in distinct for row in rows for kind in KINDS for name in _names(row, kind)
    }
    raise names.unknown_video(asked, sorted(name for name in known if name))


def _names(record: VideoRecord, kind: str | None) -> tuple[str | None, ...]:
    if kind == VIDEO:
        return (record.key,)
    if kind == IDENTITY:
        return (record.target_identity, record.source_identity, *record.identities)
    return (record.dataset,)


def _extracted(store: Store, manifests: Collection[int]) -> dict[int, tuple[Artifact, int]]:
    """Examples with a track index, with their manifest, for the manifests of interest.

    The search starts at the manifests and not at the models: the examples of an unfinished run
    hold the video, although it has no model.
    """
    read = store.links_of_artifacts(manifests, is_output=False)
    consumers = store.executions(link.execution_id for link in read)
    manifest_of = {
        link.execution_id: link.artifact_id
        for link in read
        if consumers[link.execution_id].node == FRAME_EXTRACTOR
    }
    made = store.links_of_executions(manifest_of, is_output=True)
    artifacts = store.artifacts(link.artifact_id for link in made)
    return {
        link.artifact_id: (artifacts[link.artifact_id], manifest_of[link.execution_id])
        for link in made
        if artifacts[link.artifact_id].type == EXAMPLES
    }


def _splits(
    extracted: Mapping[int, tuple[Artifact, int]],
    planned: Mapping[int, Mapping[str, str]],
    unread: list[str],
) -> dict[int, dict[str, str]]:
    """Split by record key, of the videos of interest in each Examples artifact.

    Args:
      extracted: What `_extracted` returned.
      planned: Split by record key, by manifest; it stands in for an index that is gone.
      unread: List to which the reason is added where an index cannot be read.
    """
    found: dict[int, dict[str, str]] = {}
    for key, (examples, manifest) in extracted.items():
        wanted = planned[manifest]
        try:
            rows = side_files.tracks(examples)
        except FilesGoneError as error:
            unread.append(str(error))
            found[key] = dict(wanted)
            continue
        found[key] = {row.record_key: row.split for row in rows if row.record_key in wanted}
    return found


def _sources(
    store: Store, examples: Iterable[int], makers: Mapping[int, Execution]
) -> dict[int, set[int]]:
    """Which of the Examples each model came from; a model that came from none is absent.

    Other outputs of a training are not asked for: its logs may be many.
    """
    models_of: dict[int, list[int]] = collections.defaultdict(list)
    for model, maker in makers.items():
        models_of[maker.id].append(model)
    roots = {key: {key} for key in examples}
    sources: dict[int, set[int]] = collections.defaultdict(set)
    level = set(roots)
    while level:
        through: dict[int, set[int]] = collections.defaultdict(set)
        for link in store.links_of_artifacts(level, is_output=False):
            for model in models_of.get(link.execution_id, ()):
                sources[model] |= roots[link.artifact_id]
            if link.execution_id not in models_of:
                through[link.execution_id] |= roots[link.artifact_id]
        made = store.links_of_executions(through, is_output=True)
        artifacts = store.artifacts(link.artifact_id for link in made)
        derived = [link for link in made if artifacts[link.artifact_id].type == EXAMPLES]
        level = {link.artifact_id for link in derived} - roots.keys()
        for link in derived:
            roots.setdefault(link.artifact_id, set()).update(through[link.execution_id])
    return sources


def _count(splits: Iterable[Mapping[str, str]]) -> dict[str, int]:
    by_key = {key: split for by_key in splits for key, split in by_key.items()}
    counts = collections.Counter(by_key.values())
    return {split: counts[split] for split in taxonomy.SPLITS if split in counts}
