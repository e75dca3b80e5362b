"""Checks files against what ML Metadata recorded of them, and finds unrecorded ones."""

import collections
import dataclasses
import datetime
import hashlib
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from components import artifact_files
from components.guarded_pusher import keys as pusher_keys
from pipeline.lineage import side_files, walk
from pipeline.lineage.records import DELETED, LIVE, Artifact, Execution
from pipeline.lineage.store import Store
from schemas import features, files, track_index, video_record
from schemas.errors import ArtifactNotLocalError, FilesGoneError
from schemas.names import EXAMPLES, MODEL, PUSHED_MODEL, VIDEO_MANIFEST

_MANIFEST_DIGEST: Final = "manifest_digest"
_SHOWN: Final = 3
_GONE: Final = (DELETED, "MARKED_FOR_DELETION")
_OPEN: Final = ("NEW", "RUNNING")
_SYSTEM_FOLDER: Final = ".system"  # of TFX, beside the outputs of each node


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
      code: Stable snake_case reason.
      subject: `artifact 12 (Model)`, `execution 3 (Trainer)`, or a path.
      message: What was found, and what to do.
    """

    code: str
    subject: str
    message: str


def _finding(artifact: Artifact, code: str, message: str) -> Finding:
    return Finding(code=code, subject=f"artifact {artifact.id} ({artifact.type})", message=message)


class _Examination:
    """Looks at one artifact after the other; counts the digests it computed."""

    def __init__(self, hash_of_model: Mapping[int, frozenset[str]]) -> None:
        self.num_digests = 0
        self._hash_of_model = hash_of_model
        self._checks: Mapping[str, Callable[[Artifact, pathlib.Path], Iterator[Finding]]] = {
            VIDEO_MANIFEST: self._manifest,
            EXAMPLES: self._examples,
            MODEL: self._model,
            PUSHED_MODEL: self._pushed,
        }

    def of(self, artifact: Artifact) -> Iterator[Finding]:
        """Yields what is wrong with one artifact."""
        folder = artifact_files.local_folder(artifact.uri)
        if not artifact.uri or not folder.exists():
            yield _finding(
                artifact,
                "files_missing",
                f"{artifact.uri or 'its place'} is not there; whatever used it cannot be"
                " made again from it",
            )
        elif artifact.type in self._checks:
            yield from self._checks[artifact.type](artifact, folder)

    def _manifest(self, artifact: Artifact, folder: pathlib.Path) -> Iterator[Finding]:
        kept = artifact.properties.get(_MANIFEST_DIGEST)
        path = folder / video_record.FILE_NAME
        if not path.is_file():
            yield _missing(artifact, path)
        elif kept and self._digest(path) != kept:
            yield _finding(
                artifact,
                "manifest_digest",
                f"{path} is not what was recorded: it was changed after the run",
            )

    def _examples(self, artifact: Artifact, folder: pathlib.Path) -> Iterator[Finding]:
        """The serialized examples against the track index; transformed Examples have none."""
        if not (folder / track_index.FILE_NAME).is_file():
            if features.PREPROCESSING_HASH in artifact.properties:  # of FrameExtractor
                yield _missing(artifact, folder / track_index.FILE_NAME)
            return
        try:
            rows = track_index.read(str(folder))
        except (ValueError, KeyError) as error:
            message = f"{folder / track_index.FILE_NAME} is no track index: {error!r}"
            yield _finding(artifact, "track_index_broken", message)
            return
        for split in sorted({row.split for row in rows}):
            promised = collections.Counter(row.digest for row in rows if row.split == split)
            try:
                found = collections.Counter(self._records(folder / f"Split-{split}"))
            except side_files.RecordFileError as error:
                yield _finding(artifact, error.code, str(error))
                continue
            keys = {row.digest: row.video_key for row in rows}
            if changed := promised - found:
                names = ", ".join(sorted(keys[digest] for digest in changed)[:_SHOWN])
                message = f"{changed.total()} examples of {split} are not in its files as they"
                message += f" were written, first {names}"
                yield _finding(artifact, "example_digest", message)
            if unknown := found - promised:
                message = f"{unknown.total()} examples in the files of {split} are not in the"
                message += " track index"
                yield _finding(artifact, "example_unknown", message)

    def _records(self, folder: pathlib.Path) -> Iterator[str]:
        for path in sorted(folder.glob("*.gz")):
            for record in side_files.read_records(path):
                self.num_digests += 1
                yield hashlib.sha256(record).hexdigest()

    def _model(self, artifact: Artifact, folder: pathlib.Path) -> Iterator[Finding]:
        """The preprocessing hash in the model against that of the examples it was trained on."""
        try:
            own = side_files.detector(artifact).get(features.PREPROCESSING_HASH)
        except FilesGoneError as error:
            message = f"the model says nothing of itself: {error}"
            yield _finding(artifact, "detector_record_broken", message)
            return
        self.num_digests += 1
        trained_on = self._hash_of_model.get(artifact.id, frozenset())
        if trained_on and own not in trained_on:
            message = f"the model in {folder} says preprocessing {own}, its examples say"
            message += f" {', '.join(sorted(trained_on))}: it is not the model of this run"
            yield _finding(artifact, "preprocessing_differs", message)

    def _pushed(self, artifact: Artifact, folder: pathlib.Path) -> Iterator[Finding]:
        """The version that is served against the copy in the artifact.

        A version whose folder is gone is no finding: people remove old versions.
        """
        destination = str(artifact.properties.get(pusher_keys.PUSHED_DESTINATION, ""))
        if not destination or not pathlib.Path(destination).is_dir():
            return
        kept, served = self._digests(folder), self._digests(pathlib.Path(destination))
        different = sorted(name for name, _ in kept.items() ^ served.items())
        if different:
            names = ", ".join(dict.fromkeys(different))
            message = f"{destination} is not what was pushed, it differs in {names}; push again"
            yield _finding(artifact, "version_differs", message)

    def _digests(self, folder: pathlib.Path) -> dict[str, str]:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {path.relative_to(folder).as_posix(): self._digest(path) for path in files}

    def _digest(self, path: pathlib.Path) -> str:
        self.num_digests += 1
        return files.sha256(path)


def _missing(artifact: Artifact, path: pathlib.Path) -> Finding:
    return _finding(artifact, "files_missing", f"no file {path}")


def _hashes(store: Store, artifacts: Sequence[Artifact]) -> Mapping[int, frozenset[str]]:
    """Preprocessing hashes of the examples behind each model, by its artifact id."""
    hashes = {
        artifact.id: {str(artifact.properties[features.PREPROCESSING_HASH])}
        for artifact in artifacts
        if artifact.type == EXAMPLES and features.PREPROCESSING_HASH in artifact.properties
    }
    reached: dict[int, set[str]] = {}
    for source, target in walk.made_from(store, hashes):
        found = hashes.get(source, set()) | reached.get(source, set())
        reached.setdefault(target.id, set()).update(found)
    return {target: frozenset(found) for target, found in reached.items()}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verification:
    """What was looked at, and what was found.

    Attributes:
      num_artifacts: Artifacts whose files were looked at.
      num_digests: Digests that were computed again and compared.
      num_remote: Artifacts that lie where no file can be opened; they were not looked at.
      num_executions: Executions of all runs.
      findings: What was found, in the order of the checks; empty if all is well.
    """

    num_artifacts: int
    num_digests: int
    num_remote: int
    num_executions: int
    findings: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Places:
    """Where to look for artifacts and versions that ML Metadata does not know.

    Attributes:
      artifacts: Root folder of the artifacts; unrecorded ones are not looked for if None.
      versions: Folder of the model's version folders; unrecorded ones are not looked for if None.
    """

    artifacts: pathlib.Path | None = None
    versions: pathlib.Path | None = None


def verify(store: Store, places: Places, *, stale_seconds: float) -> Verification:
    """Checks artifacts against their digests; looks for unrecorded folders and stuck executions.

    Args:
      store: Store to read.
      places: Folders in which to look for what was never recorded.
      stale_seconds: Age of the last change from which an open execution counts as dangling.
    """
    artifacts = store.all_artifacts()
    executions = [e for run in store.runs() for e in store.executions_of(run.name)]
    since = _now() - datetime.timedelta(seconds=stale_seconds)
    local, num_remote = _local(artifacts)
    live = [artifact for artifact in local if artifact.state == LIVE]
    examination = _Examination(_hashes(store, live))
    findings = [
        *(finding for artifact in live for finding in examination.of(artifact)),
        *_left_behind(local),
        *_orphans(artifacts, places),
        *_dangling(executions, since),
    ]
    return Verification(
        num_artifacts=len(live),
        num_digests=examination.num_digests,
        num_remote=num_remote,
        num_executions=len(executions),
        findings=tuple(findings),
    )


def _local(artifacts: Iterable[Artifact]) -> tuple[list[Artifact], int]:
    local, num_remote = [], 0
    for artifact in artifacts:
        try:
            artifact_files.local_folder(artifact.uri)
            local.append(artifact)
        except ArtifactNotLocalError:
            num_remote += 1
    return local, num_remote


def _left_behind(artifacts: Iterable[Artifact]) -> Iterator[Finding]:
    for artifact in artifacts:
        if artifact.state in _GONE and artifact_files.local_folder(artifact.uri).exists():
            yield _finding(
                artifact,
                "deleted_but_there",
                f"it is {artifact.state} and yet {artifact.uri} is there; repeat the"
                " `deepfake lineage erase` that was interrupted, or remove the folder",
            )


def _orphans(artifacts: Sequence[Artifact], places: Places) -> Iterator[Finding]:
    if places.artifacts is not None:
        known = {_resolved(artifact.uri) for artifact in artifacts}
        for folder in sorted(places.artifacts.glob("*/*/*")):
            if folder.parent.name != _SYSTEM_FOLDER and _resolved(str(folder)) not in known:
                yield Finding(
                    code="orphan_folder",
                    subject=str(folder),
                    message="no artifact names it: a run that was killed, or another store's;"
                    " remove it if no run is going on",
                )
    if places.versions is not None:
        pushed = {
            _resolved(str(destination))
            for artifact in artifacts
            if (destination := artifact.properties.get(pusher_keys.PUSHED_DESTINATION))
        }
        for folder in sorted(places.versions.glob("[0-9]*")):
            if _resolved(str(folder)) not in pushed:
                yield Finding(
                    code="orphan_version",
                    subject=str(folder),
                    message="no run recorded this push: where it came from is unknown; do not"
                    " serve it",
                )


def _resolved(uri: str) -> str:
    return str(pathlib.Path(uri).resolve())


def _dangling(executions: Iterable[Execution], since: datetime.datetime) -> Iterator[Finding]:
    for execution in executions:
        if execution.state in _OPEN and execution.updated < since:
            yield Finding(
                code="dangling_execution",
                subject=f"execution {execution.id} ({execution.node})",
                message=f"it is {execution.state} in run {execution.run} without a change since"
                f" {execution.updated:%Y-%m-%d %H:%M} UTC: its"
                " process died; resume the run, or take it for failed",
            )


def runs_at_work(store: Store, stale_seconds: float) -> tuple[str, ...]:
    """Runs with an execution that is open and changed less than `stale_seconds` ago."""
    since = _now() - datetime.timedelta(seconds=stale_seconds)
    return tuple(
        run.name
        for run in store.runs()
        if any(e.state in _OPEN and e.updated >= since for e in store.executions_of(run.name))
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.timezone.utc)
