"""TFRecord files without TensorFlow: the records of a file, as bytes."""

import gzip
import pathlib
import struct
import zlib
from collections.abc import Iterator
from typing import IO, Final, cast

_HEADER: Final = struct.Struct("<QI")  # length of the record, masked CRC of the length
_CRC_BYTES: Final = 4  # of the record itself
_CHUNK_BYTES: Final = 1 << 20


class RecordFileError(Exception):
    """A file that is no whole TFRecord file.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "record_file_broken"


def read(path: pathlib.Path) -> Iterator[bytes]:
    """Yields the records of the TFRecord file at `path`, gzipped if it ends in `.gz`.

    The checksums inside the file are not looked at: who compares digests of the records sees
    every changed byte.

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
