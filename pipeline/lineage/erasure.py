"""What would have to go if a video or a person were erased. Nothing is changed here."""

import collections
import dataclasses
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from components import artifact_files
from components.guarded_pusher import keys as pusher_keys
from pipeline.journal.dashboard_folder import DashboardFolder
from pipeline.lineage import descent, erasure_keys
from pipeline.lineage.records import DELETED, Artifact
from pipeline.lineage.store import Store
from schemas import erased, taxonomy, track_index, video_record
from schemas.video_record import VideoRecord

# Custom properties that an erasure writes.
ERASED_KEY: Final = "erased_key"  # str, of Examples and ExampleStatistics: SHA-256 of the key
TAINTED_BECAUSE: Final = "tainted_because"  # str: a sentence without the name

_LEARNT_FROM: Final = frozenset(split.value for split in taxonomy.Split) - {
    taxonomy.Split.TEST.value
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Removal:
    """An artifact whose files hold something of the videos, and go as a whole.

    Attributes:
      artifact_id: In the store.
      type: Examples, or ExampleStatistics, which name single videos.
      uri: Its folder.
      num_files: In it.
      num_bytes: Of them.
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
      artifact_id: In the store.
      type: Model or PushedModel.
      uri: Its folder.
      version: That was pushed; empty of a Model.
      served_from: Folder of the version; empty of a Model.
      splits: In which it saw them.
      learnt: Whether one of these is not the test split: only then it has to be trained again.
      is_tainted: Whether it says of this key so already.
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
      sha256: Of the name.
      is_listed: Whether later runs leave it out already.
      videos: Record keys.
      sources: Files of the videos; they belong to whoever keeps them and are not touched.
      derived: Record keys of videos that were made from these and are not erased with them.
      removals: What goes.
      crops: Files of face crops on the pages of the dashboard; they go as well.
      affected: Models and versions, the models first.
      runs: Whose results rest on the videos.
      records: Manifests that go on naming the videos, as evidence of what was trained on.
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
      store: To read.
      name: A record key, an identity as `dataset/name`, or a plain name that is in one dataset.
      listed: The list of erased keys, in the output folder.

    Raises:
      UnknownVideoError: No manifest that is still there names it.
      AmbiguousIdentityError: People of several datasets have that name.
    """
    manifests = dict(_manifests(store))
    everything = [record for records in manifests.values() for record in records]
    kind, full_name = erasure_keys.meant(name, everything)
    sha256 = erased.digest(full_name)
    chosen = {
        a: [r for r in found if erasure_keys.is_meant(r, kind, full_name)]
        for a, found in manifests.items()
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
        derived=tuple(sorted(erasure_keys.derived(everything, mine))),
        removals=tuple(_removals(artifacts.values())),
        crops=tuple(_crops(listed.parent, sorted(mine))),
        affected=tuple(_affected(artifacts.values(), reached, sha256)),
        runs=_runs(store, artifacts),
        records=tuple(store.artifacts([a])[a].uri for a in sorted(holding)),
    )


def short(sha256: str) -> str:
    """Start of a key's digest, as the reason of a taint names it."""
    return sha256[:12]


def _manifests(store: Store) -> Iterator[tuple[int, Sequence[VideoRecord]]]:
    for artifact in store.artifacts_by_type(descent.MANIFEST):
        path = artifact_files.local_folder(artifact.uri) / video_record.FILE_NAME
        if path.is_file():
            yield artifact.id, video_record.read(path)


def _reached(
    store: Store, holding: Mapping[int, Sequence[VideoRecord]], sha256: str
) -> Mapping[int, set[str]]:
    """Splits in which each artifact holds the videos, by its id."""
    reached: dict[int, set[str]] = collections.defaultdict(set)
    for source, target in descent.made_from(store, holding):
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
        return set(planned.values())  # who cannot tell any more must take it for there
    rows = track_index.read(str(index))
    return {row.split for row in rows if row.record_key in planned}


def _removals(artifacts: Iterable[Artifact]) -> Iterator[Removal]:
    for artifact in sorted(artifacts, key=lambda artifact: artifact.id):
        folder = artifact_files.local_folder(artifact.uri)
        is_there = folder.exists() or artifact.state != DELETED
        if artifact.type in (descent.EXAMPLES, descent.STATISTICS) and is_there:
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
    models = (a for a in artifacts if a.type in (descent.MODEL, descent.PUSHED_MODEL))
    for artifact in sorted(models, key=lambda artifact: (artifact.type, artifact.id)):
        splits = reached[artifact.id]
        was_refused = artifact.properties.get(pusher_keys.PUSHED) != 1
        if artifact.type == descent.PUSHED_MODEL and was_refused:
            continue
        yield Affected(
            artifact_id=artifact.id,
            type=artifact.type,
            uri=artifact.uri,
            version=str(artifact.properties.get(pusher_keys.PUSHED_VERSION, "")),
            served_from=str(artifact.properties.get(pusher_keys.PUSHED_DESTINATION, "")),
            splits=tuple(split for split in taxonomy.SPLITS if split in splits),
            learnt=bool(splits & _LEARNT_FROM),
            is_tainted=short(sha256) in str(artifact.properties.get(TAINTED_BECAUSE, "")),
        )


def _runs(store: Store, artifact_ids: Iterable[int]) -> tuple[str, ...]:
    links = [link for link in store.links_of_artifacts(artifact_ids) if link.is_output]
    executions = store.executions({link.execution_id for link in links}).values()
    return tuple(sorted({execution.run for execution in executions if execution.run}))
