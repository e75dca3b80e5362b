"""Artifact folders as paths: for the files that our components keep beside TFX's own.

`pathlib` takes `gs://bucket/x` for a folder named `gs:` and writes there without a complaint; the
files are lost with the container. So every path of an artifact comes from here.
"""

import pathlib
from typing import Final

from schemas.errors import ArtifactNotLocalError

# Vertex AI mounts every bucket that a node may read (Cloud Storage FUSE) under its name below it.
MOUNT_ROOT: Final = pathlib.Path("/gcs")


def local_folder(uri: str, *, mount_root: pathlib.Path = MOUNT_ROOT) -> pathlib.Path:
    """The folder of an artifact, as a path that this machine can open.

    Args:
      uri: Plain path, taken as it is; or `gs://<bucket>/...` of a bucket that is mounted.
      mount_root: Where buckets are mounted.

    Raises:
      ArtifactNotLocalError: A bucket that is not mounted here, or another scheme.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return pathlib.Path(uri)
    bucket, _, inside = rest.partition("/")
    if scheme != "gs" or not bucket:
        raise ArtifactNotLocalError(
            "artifact_not_local",
            f"cannot open files below {uri}: artifacts must lie under a plain path, or in a"
            f" gs:// bucket that is mounted below {mount_root}; change `output`",
        )
    if not (mount_root / bucket).is_dir():
        raise ArtifactNotLocalError(
            "artifact_not_local",
            f"cannot open files below {uri}: bucket {bucket} is not mounted at"
            f" {mount_root / bucket}, as it is on Vertex AI for accounts that may read it; mount it"
            " there, or let `output` be a plain path",
        )
    return mount_root / bucket / inside


def output_folder(uri: str, *, mount_root: pathlib.Path = MOUNT_ROOT) -> pathlib.Path:
    """As `local_folder`; the folder exists afterwards, which Vertex AI leaves to its nodes.

    Raises:
      ArtifactNotLocalError: As `local_folder`.
    """
    folder = local_folder(uri, mount_root=mount_root)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
