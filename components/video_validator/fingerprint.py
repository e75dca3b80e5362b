"""Content fingerprint of the input: the manifest and every file that it names."""

import concurrent.futures
import hashlib
import os

from components import artifact_files
from schemas import files, manifest
from schemas.errors import ArtifactNotLocalError, ManifestError

_ABSENT = "absent"
_MAX_THREADS = 8


def of(manifest_path: str, videos_root: str, erased_list: str = "") -> str:
    """SHA-256 over the manifest's bytes and, for each path in it, the bytes of that file.

    The list of erased keys counts too, where there is one; modification times and places do not.
    A manifest that cannot be read has a fingerprint too: it is for the executor to fail, where the
    failure is recorded.

    Returns:
      64 hexadecimal digits.
    """
    try:
        rows = manifest.read(manifest_path).rows
    except ManifestError:
        rows = ()
    written = sorted({row.values["path"] for row in rows if "path" in row.values})
    resolved = [manifest.resolve(path, manifest_path, videos_root) for path in written]
    digest = hashlib.sha256(_file_digest(manifest_path).encode())
    # hashlib lets go of the interpreter lock: threads read and hash in parallel.
    with concurrent.futures.ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as pool:
        for path, file_digest in zip(written, pool.map(_file_digest, resolved), strict=True):
            digest.update(f"{path}\0{file_digest}\0".encode())
    if erased_list and (listed := _file_digest(_local(erased_list))) != _ABSENT:
        digest.update(f"erased\0{listed}\0".encode())
    return digest.hexdigest()


def _local(erased_list: str) -> str:
    """A path that can be opened; where it cannot, the executor fails and says why."""
    try:
        return str(artifact_files.local_folder(erased_list))
    except ArtifactNotLocalError:
        return erased_list


def _file_digest(path: str) -> str:
    try:
        return files.sha256(path)
    except OSError:  # becomes a dead letter, or a manifest error, when it is read in earnest
        return _ABSENT
