"""Files that a reader sees whole or not at all; digests of files larger than memory."""

import contextlib
import hashlib
import os
import pathlib
import secrets
from collections.abc import Iterator
from typing import Final

_CHUNK_BYTES: Final = 1 << 20


def write(path: pathlib.Path, content: str | bytes, *, is_durable: bool = False) -> None:
    """Writes a file at once: a reader sees the old file, or none, or the whole new one.

    Writers of the same file do not mix; the last one stays. Text is UTF-8, its line ends as they
    are.

    Args:
      path: Its folder is made where it is missing.
      content: The whole file.
      is_durable: Whether it must outlive a power failure from the moment this returns.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft, draft.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())
    if is_durable:
        _sync_folder(path.parent)


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Gives a name in the same folder to write to, which becomes `path` if the block succeeds.

    If the block fails, nothing is left of what it wrote.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def sha256(path: str | pathlib.Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits; other threads run meanwhile.

    Raises:
      OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _sync_folder(folder: pathlib.Path) -> None:
    """Makes the new name in the folder as durable as the file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
