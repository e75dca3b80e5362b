"""Gathers what the pages of a run are made of: its folder, its report, and its artifacts."""

import collections
import dataclasses
import functools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Final

from components import artifact_files
from pipeline.config.tree import PipelineConfig
from pipeline.lineage import names as lineage_names
from pipeline.lineage import store as lineage_store
from pipeline.lineage.records import LIVE, Artifact
from pipeline.lineage.store import Store
from pipeline.runs import folders, reporting
from pipeline.runs.folders import DashboardFolder, RunFolder
from pipeline.runs.journal import RunFollower
from pipeline.runs.state import RunState
from schemas import names
from schemas.errors import ArtifactNotLocalError, UnreadableRunError
from schemas.run_report import RunReport

# Outputs as `<node>.<channel>`.
MANIFEST: Final = f"{names.VIDEO_VALIDATOR}.manifest"
REJECTED: Final = (f"{names.VIDEO_VALIDATOR}.dead_letters", f"{names.FRAME_EXTRACTOR}.dead_letters")
EXAMPLES: Final = f"{names.FRAME_EXTRACTOR}.examples"
STATISTICS: Final = f"{names.STATISTICS_GEN}.statistics"
SCHEMA: Final = f"{names.IMPORT_SCHEMA_GEN}.schema"
ANOMALIES: Final = f"{names.EXAMPLE_VALIDATOR}.anomalies"
DATA_REPORT: Final = f"{names.DATA_GATE}.report"
MODEL: Final = f"{names.TRAINER}.model"
MODEL_RUN: Final = f"{names.TRAINER}.model_run"
EVALUATION: Final = f"{names.EVALUATOR}.evaluation"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Former:
    """What an earlier run had in the place of one of this run's artifacts."""

    run_id: str
    artifact: Artifact


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSources:
    """One run.

    Attributes:
      folder: Folder of the run.
      site: Folder of the site that its pages belong to.
      state: State of the run, from its journal.
      report: The run report; of a run in progress, what it would be now.
      artifacts: What the run made or took from its cache, by output (`Trainer.model`), the newest
        last; empty where there are no records of it.
      store: ML Metadata, for questions beyond this run; None where nothing is recorded yet.
    """

    folder: RunFolder
    site: DashboardFolder
    state: RunState
    report: RunReport
    artifacts: Mapping[str, Sequence[Artifact]]
    store: Store | None = None

    @property
    def run_id(self) -> str:
        """Id of the run, also its name in ML Metadata."""
        return self.folder.run_id

    @property
    def output(self) -> pathlib.Path:
        """The output folder."""
        return self.folder.path.parent

    @functools.cached_property
    def is_running(self) -> bool:
        """Whether the run has not ended, and somebody works on it."""
        return self.state.outcome is None and not folders.is_abandoned(self.folder)

    def artifact(self, output: str) -> Artifact | None:
        """The last artifact of an output whose files are there; None where there is none."""
        found = self.artifacts.get(output, ())
        return next((one for one in reversed(found) if folder_of(one) is not None), None)

    def files(self, output: str) -> pathlib.Path | None:
        """Folder of `artifact(output)`."""
        found = self.artifact(output)
        return folder_of(found) if found else None

    @functools.cached_property
    def former_statistics(self) -> Former | None:
        """Statistics of other data than this run's: those of the newest earlier run that has some.

        Only runs of the same pipeline in the same output folder count.
        """
        current = self.artifact(STATISTICS)
        return _former(self.store, self, current) if self.store and current else None


def folder_of(artifact: Artifact) -> pathlib.Path | None:
    """Folder of the artifact's files, None where they are erased, gone or out of reach."""
    if artifact.state != LIVE:
        return None
    try:
        folder = artifact_files.local_folder(artifact.uri)
    except ArtifactNotLocalError:
        return None
    return folder if folder.is_dir() else None


def find(config: PipelineConfig, name: str = folders.LATEST) -> RunSources:
    """The sources of the run `name` of a configuration: its id, the start of it, or `latest`.

    Raises:
      LineageError: Nothing is recorded, or there is no one such run.
      MetadataError: ML Metadata cannot be read.
    """
    records = lineage_store.opened(config)
    found = lineage_names.run(records, name)
    return of_run(RunFolder(pathlib.Path(config.output) / found.name), records)


def of_run(
    folder: RunFolder, store: Store | None, *, report: RunReport | None = None
) -> RunSources:
    """Gathers the sources of the run in `folder`.

    Args:
      folder: Folder of the run; its journal must tell how it started.
      store: ML Metadata; None where nothing is recorded yet.
      report: Of the run; if None, as it was written, or what the journal comes to so far.

    Raises:
      UnreadableRunError: The report of the run cannot be read.
    """
    state = RunState(RunFollower(folder).read())
    try:
        report = report or reporting.of_run(folder, state)
    except ValueError as error:
        raise UnreadableRunError(
            "unreadable_run",
            f"the report of {folder.run_id} cannot be read: {error}; restore {folder.summary}",
        ) from error
    return RunSources(
        folder=folder,
        site=DashboardFolder.below(folder.path.parent),
        state=state,
        report=report,
        artifacts=_artifacts(store, folder.run_id) if store else {},
        store=store,
    )


def check_report(sources: RunSources) -> None:
    """Makes sure that the report of a run says all that pages need.

    Raises:
      UnreadableRunError: It is of another version.
    """
    if sources.report.missing:
        raise UnreadableRunError(
            "unreadable_run",
            f"the report of {sources.run_id} is of another version: it does not say"
            f" {', '.join(sources.report.missing)}; restore {sources.folder.summary}",
        )


def _artifacts(store: Store, run_id: str) -> Mapping[str, Sequence[Artifact]]:
    nodes = {execution.id: execution.node for execution in store.executions_of(run_id)}
    links = store.links_of_executions(list(nodes), is_output=True)
    found = store.artifacts(sorted({link.artifact_id for link in links}))
    by_output: dict[str, list[Artifact]] = collections.defaultdict(list)
    for link in sorted(links, key=lambda link: link.artifact_id):
        output = f"{nodes[link.execution_id]}.{link.key}"
        by_output[output].append(found[link.artifact_id])
    return by_output


def _former(store: Store, sources: RunSources, current: Artifact) -> Former | None:
    names = [run.name for run in store.runs() if run.pipeline == sources.report.pipeline]
    before = names[: names.index(sources.run_id)] if sources.run_id in names else []
    # A store may be shared by output folders.
    position = {name: n for n, name in enumerate(before) if (sources.output / name).is_dir()}
    others = [one for one in store.artifacts_by_type(current.type) if one.uri != current.uri]
    with_files = {one.id: one for one in others if folder_of(one) is not None}
    links = store.links_of_artifacts(with_files, is_output=True)
    makers = store.executions(link.execution_id for link in links)
    found = [
        (position[maker.run], link.artifact_id)
        for link in links
        if (maker := makers[link.execution_id]).run in position
        and f"{maker.node}.{link.key}" == STATISTICS
    ]
    if not found:
        return None
    newest, artifact_id = max(found)
    return Former(run_id=before[newest], artifact=with_files[artifact_id])
