"""Version folders as TensorFlow Serving polls them: numbers that only grow, complete or absent."""

import os
import secrets

import tensorflow as tf
from tfx.dsl.io import fileio
from tfx.utils import io_utils


def existing(folder: str) -> list[int]:
    """Versions in `folder`, ascending; other names are not versions. Empty without a folder."""
    if not fileio.exists(folder):
        return []
    names = (name.rstrip("/") for name in fileio.listdir(folder))
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def publish(source: str, folder: str, *, now: float) -> int:
    """Copies the SavedModel at `source` to a new version below `folder`.

    The copy is made under a hidden name beside the versions and then renamed: a server that polls
    `folder` sees the whole model or none of it. (On an object store, where a rename is a copy,
    only as far as that store goes.) A copy that fails leaves nothing behind.

    Args:
      source: Folder of a SavedModel.
      folder: `<base directory>/<model name>`; made if absent.
      now: Seconds since 1970. The version is this number, as TFX and TensorFlow Serving have it,
        or one more than the newest, whichever is greater: it never repeats or goes back.

    Returns:
      The version.
    """
    incoming = os.path.join(folder, f".incoming-{secrets.token_hex(8)}")
    try:
        io_utils.copy_dir(source, incoming)
        return _take_version(incoming, folder, now=now)
    finally:
        if fileio.exists(incoming):
            fileio.rmtree(incoming)


def _take_version(incoming: str, folder: str, *, now: float) -> int:
    """Renames `incoming` to the next version, or to one after it where another run was faster."""
    while True:
        version = max([int(now), *(newest + 1 for newest in existing(folder))])
        target = os.path.join(folder, str(version))
        try:
            fileio.rename(incoming, target)
        except (OSError, tf.errors.OpError):  # of TFX's local and TensorFlow file systems
            if not fileio.exists(target):
                raise
        else:
            return version
