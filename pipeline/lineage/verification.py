"""Whether the files are what ML Metadata says of them, and what nobody knows of."""

import dataclasses
import datetime
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from components import artifact_files
from components.guarded_pusher import keys as pusher_keys
from pipeline.lineage import content
from pipeline.lineage.content import Problem
from pipeline.lineage.records import Artifact, Execution
from pipeline.lineage.store import Store

LIVE: Final = "LIVE"
GONE: Final = ("DELETED", "MARKED_FOR_DELETION")
_OPEN: Final = ("NEW", "RUNNING")
_SYSTEM_FOLDER: Final = ".system"  # of TFX, beside the outputs of each node


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
      code: Stable snake_case reason.
      subject: `artifact 12 (Model)`, `execution 3 (Trainer)`, or a path.
      message: What was found, and what to do.
    """

    code: str
    subject: str
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verification:
    """What was looked at, and what was found.

    Attributes:
      num_artifacts: Artifacts whose files were looked at.
      num_digests: Digests that were computed again and compared.
      num_remote: Artifacts that lie where no file can be opened; they were not looked at.
      num_executions: Executions of all runs.
      findings: In the order of the checks; empty if all is well.
    """

    num_artifacts: int
    num_digests: int
    num_remote: int
    num_executions: int
    findings: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Places:
    """Where artifacts and versions are looked for that nobody recorded.

    Attributes:
      artifacts: Root of the artifacts; orphans are not looked for if None.
      versions: Folder of the model's version folders, likewise.
    """

    artifacts: pathlib.Path | None = None
    versions: pathlib.Path | None = None


def verify(store: Store, places: Places, *, stale_seconds: float) -> Verification:
    """Reads every file of every artifact that has a digest, and compares.

    Args:
      store: To read.
      places: Where to look for orphans.
      stale_seconds: Age of the last change from which an open execution counts as dangling.
    """
    artifacts = store.all_artifacts()
    executions = [e for run in store.runs() for e in store.executions_of(run.name)]
    since = _now() - datetime.timedelta(seconds=stale_seconds)
    local, num_remote = _local(artifacts)
    examined = content.examine(store, [a for a in local if a.state == LIVE])
    findings = [
        *_findings_of_content(examined.problems),
        *_left_behind(local),
        *_orphans(artifacts, places),
        *_dangling(executions, since),
    ]
    return Verification(
        num_artifacts=examined.num_artifacts,
        num_digests=examined.num_digests,
        num_remote=num_remote,
        num_executions=len(executions),
        findings=tuple(findings),
    )


def _local(artifacts: Iterable[Artifact]) -> tuple[list[Artifact], int]:
    local, num_remote = [], 0
    for artifact in artifacts:
        try:
            artifact_files.local_folder(artifact.uri)
            local.append(artifact)
        except artifact_files.ArtifactNotLocalError:
            num_remote += 1
    return local, num_remote


def _findings_of_content(problems: Iterable[Problem]) -> Iterator[Finding]:
    for problem in problems:
        yield Finding(code=problem.code, subject=name_of(problem.artifact), message=problem.message)


def name_of(artifact: Artifact) -> str:
    """How messages name an artifact."""
    return f"artifact {artifact.id} ({artifact.type})"


def _left_behind(artifacts: Iterable[Artifact]) -> Iterator[Finding]:
    for artifact in artifacts:
        if artifact.state in GONE and artifact_files.local_folder(artifact.uri).exists():
            yield Finding(
                code="deleted_but_there",
                subject=name_of(artifact),
                message=f"it is {artifact.state} and yet {artifact.uri} is there; repeat the"
                " `deepfake lineage erase` that was interrupted, or remove the folder",
            )


def _orphans(artifacts: Sequence[Artifact], places: Places) -> Iterator[Finding]:
    if places.artifacts is not None:
        known = {_resolved(artifact.uri) for artifact in artifacts}
        for folder in sorted(places.artifacts.glob("*/*/*")):
            if folder.parent.name != _SYSTEM_FOLDER and _resolved(str(folder)) not in known:
                yield Finding(
                    code="orphan_folder",
                    subject=str(folder),
                    message="no artifact names it: a run that was killed, or another store's;"
                    " remove it if no run is going on",
                )
    if places.versions is not None:
        pushed = {
            _resolved(str(destination))
            for artifact in artifacts
            if (destination := artifact.properties.get(pusher_keys.PUSHED_DESTINATION))
        }
        for folder in sorted(places.versions.glob("[0-9]*")):
            if _resolved(str(folder)) not in pushed:
                yield Finding(
                    code="orphan_version",
                    subject=str(folder),
                    message="no run recorded this push: where it came from is unknown; do not"
                    " serve it",
                )


def _resolved(uri: str) -> str:
    return str(pathlib.Path(uri).resolve())


def _dangling(executions: Iterable[Execution], since: datetime.datetime) -> Iterator[Finding]:
    for execution in executions:
        if execution.state in _OPEN and execution.updated < since:
            yield Finding(
                code="dangling_execution",
                subject=f"execution {execution.id} ({execution.node})",
                message=f"it is {execution.state} in run {execution.run} without a change since"
                f" {execution.updated:%Y-%m-%d %H:%M} UTC: its"
                " process died; resume the run, or take it for failed",
            )


def runs_at_work(store: Store, stale_seconds: float) -> tuple[str, ...]:
    """Runs with an execution that is open and changed less than `stale_seconds` ago."""
    since = _now() - datetime.timedelta(seconds=stale_seconds)
    return tuple(
        run.name
        for run in store.runs()
        if any(e.state in _OPEN and e.updated >= since for e in store.executions_of(run.name))
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.timezone.utc)
