"""Artifacts, executions, runs and links of ML Metadata, as plain frozen records."""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Final, TypeAlias

from pipeline.runs.words import Value

Properties: TypeAlias = Mapping[str, Value]

LIVE: Final = "LIVE"  # of an artifact
DELETED: Final = "DELETED"
COMPLETE: Final = "COMPLETE"  # of an execution
CACHED: Final = "CACHED"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Artifact:
    """One artifact.

    Attributes:
      id: Id in the store.
      type: Name of the artifact type, such as `Model` or `Examples`.
      uri: Folder of the artifact's files.
      state: `LIVE`, `DELETED`, ... as ML Metadata names it; `UNKNOWN` where none was written.
      properties: Properties of the type and custom ones, by name.
      created: When ML Metadata recorded it, UTC.
    """

    id: int
    type: str
    uri: str
    state: str
    properties: Properties
    created: datetime.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Execution:
    """One node in one run.

    Attributes:
      id: Id in the store.
      node: Id of the node; the last part of `type` where nothing recorded it.
      type: Dotted name of the component's class.
      state: `COMPLETE`, `CACHED`, `FAILED`, ... as ML Metadata names it.
      properties: Parameters of the execution, by name.
      created: When the execution began, UTC.
      updated: When it ended or, before that, last changed, UTC.
      run: Id of the run; empty where the execution belongs to none.
      pipeline: Name of the run's pipeline; empty where the execution belongs to no run.
    """

    id: int
    node: str
    type: str
    state: str
    properties: Properties
    created: datetime.datetime
    updated: datetime.datetime
    run: str
    pipeline: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One run: its id, its pipeline (empty if no node began), and when it was recorded, UTC."""

    name: str
    pipeline: str
    created: datetime.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Link:
    """An execution read an artifact or made it, as the `index`th of the channel `key`."""

    artifact_id: int
    execution_id: int
    is_output: bool
    key: str
    index: int
