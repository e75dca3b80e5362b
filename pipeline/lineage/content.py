"""The content of artifacts against the digests that were kept of it."""

import collections
import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from components import artifact_files
from components.guarded_pusher import keys as pusher_keys
from pipeline.lineage import descent, errors, record_files, side_files
from pipeline.lineage.records import Artifact
from pipeline.lineage.store import Store
from schemas import features, track_index, video_record

_CHUNK_BYTES: Final = 1 << 20
_MANIFEST_DIGEST: Final = "manifest_digest"
_SHOWN: Final = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with the files of one artifact; see `verification.Finding`."""

    artifact: Artifact
    code: str
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Examined:
    """Problems found, and how much was looked at."""

    problems: tuple[Problem, ...]
    num_artifacts: int
    num_digests: int


class _Examination:
    """Looks at one artifact after the other; counts the digests it computed."""

    def __init__(self, hash_of_model: Mapping[int, frozenset[str]]) -> None:
        self.num_digests = 0
        self._hash_of_model = hash_of_model
        self._checks: Mapping[str, Callable[[Artifact, pathlib.Path], Iterator[Problem]]] = {
            "VideoManifest": self._manifest,
            "Examples": self._examples,
            "Model": self._model,
            "PushedModel": self._pushed,
        }

    def of(self, artifact: Artifact) -> Iterator[Problem]:
        """Yields what is wrong with one artifact."""
        folder = artifact_files.local_folder(artifact.uri)
        if not artifact.uri or not folder.exists():
            yield Problem(
                artifact=artifact,
                code="files_missing",
                message=f"{artifact.uri or 'its place'} is not there; whatever used it cannot be"
                " made again from it",
            )
        elif artifact.type in self._checks:
            yield from self._checks[artifact.type](artifact, folder)

    def _manifest(self, artifact: Artifact, folder: pathlib.Path) -> Iterator[Problem]:
        kept = artifact.properties.get(_MANIFEST_DIGEST)
        path = folder / video_record.FILE_NAME
        if not path.is_file():
            yield _missing(artifact, path)
        elif kept and self._digest(path) != kept:
            yield Problem(
                artifact=artifact,
                code="manifest_digest",
                message=f"{path} is not what was recorded: it was changed after the run",
            )

    def _examples(self, artifact: Artifact, folder: pathlib.Path) -> Iterator[Problem]:
        """The serialized examples against the track index; transformed Examples have none."""
        if not (folder / track_index.FILE_NAME).is_file():
            if features.PREPROCESSING_HASH in artifact.properties:  # of FrameExtractor
                yield _missing(artifact, folder / track_index.FILE_NAME)
            return
        try:
            rows = track_index.read(str(folder))
        except (ValueError, KeyError) as error:
            message = f"{folder / track_index.FILE_NAME} is no track index: {error!r}"
            yield Problem(artifact=artifact, code="track_index_broken", message=message)
            return
        for split in sorted({row.split for row in rows}):
            promised = collections.Counter(row.digest for row in rows if row.split == split)
            try:
                found = collections.Counter(self._records(folder / f"Split-{split}"))
            except record_files.RecordFileError as error:
                yield Problem(artifact=artifact, code=error.code, message=str(error))
                continue
            keys = {row.digest: row.video_key for row in rows}
            if changed := promised - found:
                names = ", ".join(sorted(keys[digest] for digest in changed)[:_SHOWN])
                message = f"{changed.total()} examples of {split} are not in its files as they"
                message += f" were written, first {names}"
                yield Problem(artifact=artifact, code="example_digest", message=message)
            if unknown := found - promised:
                message = f"{unknown.total()} examples in the files of {split} are not in the"
                message += " track index"
                yield Problem(artifact=artifact, code="example_unknown", message=message)

    def _records(self, folder: pathlib.Path) -> Iterator[str]:
        for path in sorted(folder.glob("*.gz")):
            for record in record_files.read(path):
                self.num_digests += 1
                yield hashlib.sha256(record).hexdigest()

    def _model(self, artifact: Artifact, folder: pathlib.Path) -> Iterator[Problem]:
        """The preprocessing hash in the model against that of the examples it was trained on."""
        try:
            own = side_files.detector(artifact).get(features.PREPROCESSING_HASH)
        except errors.FilesGoneError as error:
            message = f"the model says nothing of itself: {error}"
            yield Problem(artifact=artifact, code="detector_record_broken", message=message)
            return
        self.num_digests += 1
        trained_on = self._hash_of_model.get(artifact.id, frozenset())
        if trained_on and own not in trained_on:
            message = f"the model in {folder} says preprocessing {own}, its examples say"
            message += f" {', '.join(sorted(trained_on))}: it is not the model of this run"
            yield Problem(artifact=artifact, code="preprocessing_differs", message=message)

    def _pushed(self, artifact: Artifact, folder: pathlib.Path) -> Iterator[Problem]:
        """The version that is served against the copy in the artifact.

        A version that is not there is none of our business: people clean up old ones.
        """
        destination = str(artifact.properties.get(pusher_keys.PUSHED_DESTINATION, ""))
        if not destination or not pathlib.Path(destination).is_dir():
            return
        kept, served = self._digests(folder), self._digests(pathlib.Path(destination))
        different = sorted(name for name, _ in kept.items() ^ served.items())
        if different:
            names = ", ".join(dict.fromkeys(different))
            message = f"{destination} is not what was pushed, it differs in {names}; push again"
            yield Problem(artifact=artifact, code="version_differs", message=message)

    def _digests(self, folder: pathlib.Path) -> dict[str, str]:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {path.relative_to(folder).as_posix(): self._digest(path) for path in files}

    def _digest(self, path: pathlib.Path) -> str:
        self.num_digests += 1
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()


def examine(store: Store, artifacts: Sequence[Artifact]) -> Examined:
    """Compares the files of `artifacts`, which must be local, with what was kept of them."""
    examination = _Examination(_hashes(store, artifacts))
    problems = tuple(problem for artifact in artifacts for problem in examination.of(artifact))
    return Examined(
        problems=problems, num_artifacts=len(artifacts), num_digests=examination.num_digests
    )


def _missing(artifact: Artifact, path: pathlib.Path) -> Problem:
    return Problem(artifact=artifact, code="files_missing", message=f"no file {path}")


def _hashes(store: Store, artifacts: Sequence[Artifact]) -> Mapping[int, frozenset[str]]:
    """Preprocessing hashes of the examples behind each model, by its artifact id."""
    hashes = {
        artifact.id: {str(artifact.properties[features.PREPROCESSING_HASH])}
        for artifact in artifacts
        if artifact.type == "Examples" and features.PREPROCESSING_HASH in artifact.properties
    }
    reached: dict[int, set[str]] = {}
    for source, target in descent.made_from(store, hashes):
        found = hashes.get(source, set()) | reached.get(source, set())
        reached.setdefault(target.id, set()).update(found)
    return {target: frozenset(found) for target, found in reached.items()}
