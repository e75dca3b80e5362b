"""Starts the worker of a run, follows its journal, and writes the report when it has ended."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Protocol

from pipeline.runs import events, reporting
from pipeline.runs import process as runs_process
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Journal, RunFollower
from pipeline.runs.state import RunState
from schemas.run_report import RunReport

POLL_SECONDS = 0.1
STOP_SECONDS = 45.0  # container steps get ten, and then the report is made
_PACKAGE_ROOT = pathlib.Path(__file__).parents[2]


class View(Protocol):
    """Shows a run to a person; see `pipeline.cli.views`."""

    def update(self, state: RunState, happened: list[events.Event]) -> None:
        """Takes the events since the last call; called about ten times a second."""


def supervise(
    folder: RunFolder,
    start: events.RunStarted,
    view: View,
    *,
    lock: int,
    worker: Sequence[str],
) -> RunReport:
    """Runs the graph of `folder` in a worker process; returns the report of the run.

    Ctrl-C, SIGTERM and SIGHUP interrupt the worker; a second one kills it.

    Args:
      folder: Run folder that holds the resolved configuration.
      start: Event with which the journal begins.
      view: Display that shows the events to a person.
      lock: Descriptor of the output folder's lock, which the worker holds as well.
      worker: Command that takes the arguments of `pipeline.cli.worker`.
    """
    journal = Journal(folder.journal)
    journal.append(start)
    watched = _Watched(RunFollower(folder), view)
    stopped = False
    with _stop_signals_as_interrupts(), _started(worker, folder, start, lock) as process:
        try:
            while process.poll() is None:
                watched.update()
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            stopped = True
            _stop(process)
    watched.update()
    if watched.state.outcome is None:
        _record_death(journal, watched.state, process.returncode, folder, stopped=stopped)
        watched.update()
    report = reporting.summarize(watched.state, run_dir=folder.path, log=folder.log)
    reporting.write(folder.summary, report)
    return report


class _Watched:
    """The state of the run, kept up to date from its journal and shown."""

    def __init__(self, follower: RunFollower, view: View) -> None:
        self._follower = follower
        self._view = view
        self.state = RunState()

    def update(self) -> None:
        happened = self._follower.read()
        for event in happened:
            self.state.apply(event)
        self._view.update(self.state, happened)


@contextlib.contextmanager
def _started(
    worker: Sequence[str], folder: RunFolder, start: events.RunStarted, lock: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """The worker process, alone in its process group; nothing of it is left afterwards."""
    command = [*worker, str(folder.path)]
    if start.from_node:
        command += ["--from", start.from_node]
    if start.to_node:
        command += ["--to", start.to_node]
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # its closing tells the worker that this process is gone
            stdout=log,
            stderr=log,
            env=_environment(),
            pass_fds=(lock,),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _environment() -> dict[str, str]:
    """This environment, with this code first on the path and the working folder not on it.

    A folder named `schemas` or `pipeline` where the command is given would win otherwise.
    """
    paths = [str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }


@contextlib.contextmanager
def _stop_signals_as_interrupts() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = {
        number: signal.signal(number, interrupt)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Interrupts the worker's process group; kills it after a while or a second Ctrl-C."""
    try:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait(STOP_SECONDS)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _record_death(
    journal: Journal, state: RunState, returncode: int, folder: RunFolder, *, stopped: bool
) -> None:
    """Writes into the journal what the worker could not write itself."""
    if stopped:
        journal.append(events.RunEnded(outcome=events.Outcome.INTERRUPTED))
        return
    how = f"ended with status {returncode}"
    if returncode < 0:
        how = runs_process.killed_by(signal.Signals(-returncode))
    lines = runs_process.last_lines(folder.log)
    running = state.running
    journal.append(
        events.Failed(
            node=running.id if running else "",
            type="WorkerDied",
            code="worker_died",
            message=f"the worker process {how}" + (f"; it said last:\n{lines}" if lines else ""),
            advice="Give the same command again: finished nodes come from the cache.",
        )
    )
    journal.append(events.RunEnded(outcome=events.Outcome.FAILED))
