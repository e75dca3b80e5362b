"""Reads files of artifacts for lineage questions; a file that is gone is an error."""

import gzip
import json
import pathlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final, cast

from components import artifact_files
from pipeline.lineage.records import Artifact, Execution
from pipeline.runs import reporting
from pipeline.runs.folders import RunFolder
from schemas import signatures, track_index, video_record
from schemas.errors import ArtifactNotLocalError, FilesGoneError
from schemas.run_report import RunReport
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

SERVING_MODEL: Final = "Format-Serving"  # folder of the SavedModel in a Model, as TFX names it

_HEADER: Final = struct.Struct("<QI")  # length of the record, masked CRC of the length
_CRC_BYTES: Final = 4  # of the record itself
_CHUNK_BYTES: Final = 1 << 20


def videos(manifest: Artifact) -> list[VideoRecord]:
    """The records of a VideoManifest.

    Raises:
      FilesGoneError: The file cannot be read.
    """
    try:
        return video_record.read(_folder(manifest) / video_record.FILE_NAME)
    except (OSError, ValueError, TypeError) as error:
        raise _gone(manifest, error) from error


def tracks(examples: Artifact) -> list[TrackRow]:
    """The track index of Examples.

    Raises:
      FilesGoneError: The file cannot be read.
    """
    try:
        return track_index.read(str(_folder(examples)))
    except (OSError, ValueError, KeyError) as error:
        raise _gone(examples, error) from error


def detector(model: Artifact) -> dict[str, Any]:
    """What the trainer recorded inside a Model.

    Raises:
      FilesGoneError: The file cannot be read.
    """
    extra = _folder(model) / SERVING_MODEL / signatures.EXTRA_ASSETS
    return _mapping(extra / signatures.DETECTOR_FILE, model)


def report(artifact: Artifact, file_name: str) -> dict[str, Any]:
    """A JSON file in the artifact's folder.

    Raises:
      FilesGoneError: The file cannot be read.
    """
    return _mapping(_folder(artifact) / file_name, artifact)


def expect(artifact: Artifact, file_name: str) -> None:
    """Raises FilesGoneError unless the artifact's folder has that file."""
    path = _folder(artifact) / file_name
    if not path.is_file():
        raise _gone(artifact, FileNotFoundError(f"no file {path}"))


def run_report(artifact: Artifact, maker: Execution) -> RunReport | None:
    """The report of the run in which `maker` made `artifact`; None where there is none to read.

    TFX puts an artifact into `<output>/artifacts/<node>/<channel>/<execution>`, and the run's
    folder is `<output>/<run>`.
    """
    parents = _folder(artifact).parents
    if not maker.run or len(parents) < 4:
        return None
    return report_of(RunFolder(parents[3] / maker.run))


def report_of(folder: RunFolder) -> RunReport | None:
    """The report of a run as it was written; None where there is none to read."""
    try:
        return reporting.read(folder)
    except (OSError, ValueError):
        return None


def _folder(artifact: Artifact) -> pathlib.Path:
    try:
        return artifact_files.local_folder(artifact.uri)
    except ArtifactNotLocalError as error:
        raise _gone(artifact, error) from error


def _mapping(path: pathlib.Path, artifact: Artifact) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _gone(artifact, error) from error
    if not isinstance(found, Mapping):
        raise _gone(artifact, ValueError(f"{path} holds no JSON object"))
    return dict(found)


def _gone(artifact: Artifact, error: Exception) -> FilesGoneError:
    state = "" if artifact.state == "LIVE" else f", which is {artifact.state}"
    return FilesGoneError(
        "files_gone",
        f"cannot read the files of {artifact.type} {artifact.id}{state} ({error}); restore them,"
        " or take what only ML Metadata says",
    )


class RecordFileError(Exception):
    """A file is not a complete TFRecord file.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "record_file_broken"


def read_records(path: pathlib.Path) -> Iterator[bytes]:
    """Yields the records of the TFRecord file at `path`, gzipped if it ends in `.gz`.

    The checksums inside the file are not checked: callers compare digests of the records, which
    show every changed byte.

    Raises:
      RecordFileError: The file ends inside a record, or is no gzip file, or cannot be read.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield from _records(cast(IO[bytes], file), path)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordFileError(f"cannot read {path}: {error}") from error


def _records(file: IO[bytes], path: pathlib.Path) -> Iterator[bytes]:
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise RecordFileError(f"{path} ends inside a record")
        length, _ = _HEADER.unpack(header)
        yield _exactly(file, length, path)
        _exactly(file, _CRC_BYTES, path)


def _exactly(file: IO[bytes], length: int, path: pathlib.Path) -> bytes:
    """Reads `length` bytes; by pieces, so that a damaged length does not ask for all memory."""
    pieces = []
    while length:
        piece = file.read(min(length, _CHUNK_BYTES))
        if not piece:
            raise RecordFileError(f"{path} ends inside a record")
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)
