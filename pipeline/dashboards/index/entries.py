"""The runs of an output folder in a few figures each, from their reports or journals alone."""

import dataclasses
import datetime
import functools
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards.sources import RunSources
from pipeline.runs import folders, reporting
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import RunFollower
from pipeline.runs.state import RunState
from schemas.errors import UnreadableRunError

RUNNING: Final = "running"  # beside the states of a run report: the run has not ended


# What the report of a run that goes on says too early.
_NOT_ENDED: Final[Mapping[str, Any]] = {"status": RUNNING, "not_pushed_because": []}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """A statistic over videos with its interval; a bound is None where the sample has none."""

    value: float
    lower: float | None
    upper: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One run.

    Attributes:
      run_id: Its name, also of its folder.
      pipeline: Which it is a run of.
      notice: What must be said of its figures; empty if nothing.
      status: As in its report, or RUNNING.
      started: With a time zone.
      seconds: Until its end, or until it was heard of last.
      version: That was pushed; empty if none.
      is_blessed: Whether its model passed the gates; None where it did not come to that.
      reasons: Why nothing was pushed; empty of one that pushed or goes on.
      num_videos: That came in; None where it did not come to that.
      num_rejected: Of these, at any stage.
      num_test_videos: That the figures rest on; None likewise.
      num_test_fakes: Of these; None likewise.
      metrics: Over all test videos, by the names of `pipeline.evaluation.statistics`.
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
        """Whether a version came of it."""
        return self.status == reporting.PUSHED


@dataclasses.dataclass(frozen=True, kw_only=True)
class Runs:
    """The runs below an output folder.

    Attributes:
      entries: Oldest first; a run that has said nothing yet is left out.
      unreadable: Why the others cannot be shown.
    """

    entries: tuple[Entry, ...]
    unreadable: tuple[UnreadableRunError, ...] = ()


def of_output(output: pathlib.Path) -> Runs:
    """Reads them; one that cannot be read hides none of the others."""
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
      UnreadableRunError: Its report or its journal is none.
    """
    entry = _read(folder, signature(folder))
    if entry is not None and entry.is_running and folders.is_abandoned(folder):
        return dataclasses.replace(entry, status=reporting.FAILED, reasons=("the run died",))
    return entry


def of_sources(sources: RunSources) -> Entry:
    """The run of a page's sources."""
    going_on = _NOT_ENDED if sources.is_running else {}
    return _of_report({**sources.summary, **going_on})


def signature(folder: RunFolder) -> tuple[tuple[str, int, int], ...]:
    """Changes with whatever an entry, or a page of a run in progress, is made of."""
    files = (folder.journal, *sorted(folder.steps.glob("*.jsonl")), folder.summary, folder.config)
    present = ((path, path.stat()) for path in files if path.exists())
    return tuple((path.name, stat.st_size, stat.st_mtime_ns) for path, stat in present)


@functools.lru_cache(maxsize=4096)
def _read(folder: RunFolder, _: tuple[tuple[str, int, int], ...]) -> Entry | None:
    """Reads a run once for each state of its files: a server asks every other second."""
    try:
        if folder.summary.is_file():
            return _of_report(json.loads(folder.summary.read_text(encoding="utf-8")))
        state = RunState(RunFollower(folder).read())
        if state.start is None:
            return None
        report = reporting.summarize(state, run_dir=folder.path, log=folder.log)
        return _of_report({**report, **({} if state.outcome else _NOT_ENDED)})
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableRunError(
            "unreadable_run",
            f"the run {folder.run_id} cannot be read: {type(error).__name__}: {error}; restore"
            f" {folder.path}, or move it out of the output folder",
        ) from error


def _of_report(report: Mapping[str, Any]) -> Entry:
    videos, overall = report["videos"], (report["metrics"] or {}).get("overall")
    metrics = overall["metrics"] if overall else {}
    return Entry(
        run_id=report["run_id"],
        pipeline=report["pipeline"],
        notice=report["notice"],
        status=report["status"],
        started=datetime.datetime.fromisoformat(report["started"]),
        seconds=report["seconds"],
        version=(report["pushed"] or {}).get("version", ""),
        is_blessed=_is_blessed(report["blessed"]),
        reasons=tuple(report["not_pushed_because"]),
        num_videos=videos["in"] if videos else None,
        num_rejected=videos["in"] - videos["accepted"] if videos else 0,
        num_test_videos=overall["num_videos"] if overall else None,
        num_test_fakes=overall["num_fake_videos"] if overall else None,
        metrics={name: Estimate(**estimate) for name, estimate in metrics.items()},
    )


def _is_blessed(blessed: Mapping[str, Any]) -> bool | None:
    """Pusher asks both: the evaluation, and the serving check."""
    verdicts = (blessed["model"], blessed["infra"])
    if False in verdicts:
        return False
    return None if None in verdicts else True


def predecessor(entries: Sequence[Entry], run_id: str) -> Entry | None:
    """The run of the same pipeline that `run_id` is compared with by itself.

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
