"""Version folders as TensorFlow Serving polls them: numbers that only grow, complete or absent."""

import os

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
    version = max([int(now), *(newest + 1 for newest in existing(folder))])
    incoming = os.path.join(folder, f".incoming-{version}")
    try:
        io_utils.copy_dir(source, incoming)
        fileio.rename(incoming, os.path.join(folder, str(version)))
    finally:
        if fileio.exists(incoming):
            fileio.rmtree(incoming)
    return version
