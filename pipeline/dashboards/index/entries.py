"""The runs of an output folder in a few figures each, from their reports or journals alone."""

import dataclasses
import datetime
import functools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.dashboards.sources import RunSources
from pipeline.runs import folders, reporting
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import RunFollower
from pipeline.runs.state import RunState
from schemas.errors import UnreadableRunError
from schemas.run_report import Estimate, RunReport, Status

RUNNING: Final = "running"  # beside the values of `Status`: the run has not ended


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One run.

    Attributes:
      run_id: Id of the run, also the name of its folder.
      pipeline: Name of the pipeline.
      notice: What must be said of its figures; empty if nothing.
      status: A value of `Status`, or RUNNING.
      started: When the run started, with a time zone.
      seconds: Time from its start to its last event, in seconds.
      version: Version that was pushed; empty if none was.
      is_blessed: Whether its model was blessed; None where no verdict was reached.
      reasons: Why nothing was pushed; empty where something was, or while the run goes on.
      num_videos: Videos that came in; None where the run has not counted them.
      num_rejected: Videos that were rejected, at any stage.
      num_test_videos: Videos that the metrics rest on; None where nothing was evaluated.
      num_test_fakes: Fake videos among these; None where nothing was evaluated.
      metrics: Statistics over all test videos, by the names of `pipeline.evaluation.statistics`.
    """

    run_id: str
    pipeline: str
    notice: str
    status: str
    started: datetime.datetime
    seconds: float
    version: str
    is_blessed: bool | None
    reasons: tuple[str, ...]
    num_videos: int | None
    num_rejected: int
    num_test_videos: int | None
    num_test_fakes: int | None
    metrics: Mapping[str, Estimate]

    @property
    def is_running(self) -> bool:
        """Whether the run has not ended."""
        return self.status == RUNNING

    @property
    def is_pushed(self) -> bool:
        """Whether the run pushed a version."""
        return self.status == Status.PUSHED


@dataclasses.dataclass(frozen=True, kw_only=True)
class Runs:
    """The runs below an output folder.

    Attributes:
      entries: Runs, oldest first; a run that has said nothing yet is left out.
      unreadable: Why each of the other runs cannot be shown.
    """

    entries: tuple[Entry, ...]
    unreadable: tuple[UnreadableRunError, ...] = ()


def of_output(output: pathlib.Path) -> Runs:
    """Reads all runs below `output`; one that cannot be read hides none of the others."""
    found, unreadable = [], []
    for journal in sorted(output.glob("*/events.jsonl")):
        try:
            found.append(of_run(RunFolder(journal.parent)))
        except UnreadableRunError as error:
            unreadable.append(error)
    present = filter(None, found)
    return Runs(
        entries=tuple(sorted(present, key=lambda entry: (entry.started, entry.run_id))),
        unreadable=tuple(unreadable),
    )


def of_run(folder: RunFolder) -> Entry | None:
    """One run; None where its journal does not tell yet how it started.

    Raises:
      UnreadableRunError: The report or the journal cannot be read.
    """
    entry = _read(folder, signature(folder))
    if entry is not None and entry.is_running and folders.is_abandoned(folder):
        return dataclasses.replace(entry, status=Status.FAILED.value, reasons=("the run died",))
    return entry


def of_sources(sources: RunSources) -> Entry:
    """The run of a page's sources."""
    return _of_report(sources.report, is_running=sources.is_running)


def signature(folder: RunFolder) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of the files that an entry, or a page of the run, is made of."""
    files = (folder.journal, *sorted(folder.steps.glob("*.jsonl")), folder.summary, folder.config)
    present = ((path, path.stat()) for path in files if path.exists())
    return tuple((path.name, stat.st_size, stat.st_mtime_ns) for path, stat in present)


@functools.lru_cache(maxsize=4096)
def _read(folder: RunFolder, _: tuple[tuple[str, int, int], ...]) -> Entry | None:
    """Reads a run once for each state of its files: a server asks every other second."""
    try:
        written = reporting.read(folder)
        if written is not None:
            return _of_report(written, is_running=False)
        state = RunState(RunFollower(folder).read())
        if state.start is None:
            return None
        report = reporting.of_run(folder, state)
        return _of_report(report, is_running=state.outcome is None)
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableRunError(
            "unreadable_run",
            f"the run {folder.run_id} cannot be read: {type(error).__name__}: {error}; restore"
            f" {folder.path}, or move it out of the output folder",
        ) from error


def _of_report(report: RunReport, *, is_running: bool) -> Entry:
    """An entry; what the report of a run that goes on says too early is left out."""
    videos = report.videos
    overall = report.evaluation.overall if report.evaluation else None
    return Entry(
        run_id=report.run_id,
        pipeline=report.pipeline,
        notice=report.notice,
        status=RUNNING if is_running else report.status.value,
        started=report.started,
        seconds=report.seconds,
        version=report.pushed.version if report.pushed else "",
        is_blessed=report.blessed.both,
        reasons=() if is_running else report.not_pushed_because,
        num_videos=videos.num_in if videos else None,
        num_rejected=videos.num_in - videos.num_accepted if videos else 0,
        num_test_videos=overall.num_videos if overall else None,
        num_test_fakes=overall.num_fake_videos if overall else None,
        metrics=overall.metrics if overall else {},
    )


def predecessor(entries: Sequence[Entry], run_id: str) -> Entry | None:
    """The run of the same pipeline that `run_id` is compared with by default.

    It is the newest earlier one that was evaluated; without one, the newest earlier one that ended.
    """
    own = next((entry for entry in entries if entry.run_id == run_id), None)
    if own is None:
        return None
    earlier = [
        entry
        for entry in entries[: entries.index(own)]
        if entry.pipeline == own.pipeline and not entry.is_running
    ]
    evaluated = [entry for entry in earlier if entry.metrics]
    return next(reversed(evaluated or earlier), None)
