"""What a configuration must be before its steps can run in several pods. Imports no TFX."""

import posixpath
from typing import Final

from pipeline.config import load
from pipeline.config.metadata import SQLITE
from pipeline.config.tree import PipelineConfig
from pipeline.runners import errors

_SHARED: Final = ("output", "data.manifest")
_SHARED_IF_GIVEN: Final = ("data.videos_root", "push.base_directory")


class NotOnVolumeError(errors.RunnerError):
    """A path that the steps would not share."""

    code = "not_on_volume"


class SqliteOnClusterError(errors.RunnerError):
    """ML Metadata in a file, where several pods write at once."""

    code = "sqlite_on_cluster"


def check_cluster(config: PipelineConfig) -> None:
    """Refuses what cannot work with steps in several pods.

    Raises:
      NotOnVolumeError: A path does not lie on the shared volume.
      SqliteOnClusterError: ML Metadata is kept in a file.
    """
    root = posixpath.normpath(config.kubeflow.mount_path)
    for key in (*_SHARED, *_SHARED_IF_GIVEN):
        path = str(load.value_at(config, key))
        if _lies_below(path, root) or (not path and key in _SHARED_IF_GIVEN):
            continue
        raise NotOnVolumeError(
            f"{key} must lie below {root}, where every step mounts the shared volume"
            f" (kubeflow.mount_path), got {path!r}"
        )
    if config.metadata.backend == SQLITE:
        raise SqliteOnClusterError(
            "metadata.backend is sqlite, a file for one machine, but on a cluster several pods"
            " write at once; set metadata.backend to mysql, and metadata.host"
        )


def _lies_below(path: str, root: str) -> bool:
    return posixpath.normpath(path).startswith(root.rstrip("/") + "/")
