"""Which store an output folder belongs to.

TFX names the folders of artifacts by execution id, and every store counts from 1: a second store on
the same folder would write into the artifacts of the first.
"""

import pathlib
from typing import Final

from pipeline.config.metadata import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import connection, errors, server

FILE_NAME: Final = "metadata-store"


def claim(config: PipelineConfig) -> None:
    """Notes that the output folder belongs to the store of `config`.

    Raises:
      OtherStoreError: It belongs to another one.
    """
    marker = pathlib.Path(config.output) / FILE_NAME
    owner, own = _owner(config, marker), _name(config)
    if owner not in ("", own):
        raise errors.OtherStoreError(config.output, owner=owner, configured=own, marker=str(marker))
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(own, encoding="utf-8")


def hand_over(config: PipelineConfig, source: pathlib.Path) -> bool:
    """Notes that the history of `source` went to the store of `config`, if its folder is this one.

    Returns:
      Whether it is.
    """
    output = pathlib.Path(config.output).resolve()
    if source.resolve().parent != output:
        return False
    (output / FILE_NAME).write_text(_name(config), encoding="utf-8")
    return True


def _owner(config: PipelineConfig, marker: pathlib.Path) -> str:
    """Name of the store that has written below the folder; empty if none has."""
    if marker.exists():
        return marker.read_text(encoding="utf-8")
    file = pathlib.Path(config.output) / connection.SQLITE_FILE
    return f"the file {file.name}" if file.exists() else ""


def _name(config: PipelineConfig) -> str:
    """The store, said in a way that stays true when the output folder moves."""
    if config.metadata.backend == MYSQL:
        return f"the database {config.metadata.database} on {server.address(config.metadata)}"
    path = connection.sqlite_path(config)
    inside = path.parent == pathlib.Path(config.output).resolve()
    return f"the file {path.name if inside else path}"
