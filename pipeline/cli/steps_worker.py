"""The process that runs the container steps: `python -m pipeline.cli.steps_worker RUN_FOLDER`.

It compiles the Kubeflow package of the run and executes the command line of every step in it, as
Kubeflow Pipelines would do on a cluster. The steps tell what happens in journals of their own;
this process adds what a step could not tell: that it was killed, or never came to its work.

Like `pipeline.cli.worker` it ends when the command that holds its input is gone.
"""

import argparse
import dataclasses
import functools
import logging
import os
import pathlib
import signal
from collections.abc import Sequence
from typing import Final

from pipeline.cli import worker
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.runners.emulation.scheduling import AttemptEnded, Outcome
from pipeline.runs import events, process
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Follower, Journal, RunFollower
from pipeline.runs.process import FAILED, INTERRUPTED, Ending

# A cluster waits for a broken machine to be replaced; here it is the same one again.
BACKOFF_SCALE: Final = 0.1

_OUTCOMES: Final = {
    0: events.Outcome.FINISHED,
    FAILED: events.Outcome.FAILED,
    INTERRUPTED: events.Outcome.INTERRUPTED,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the steps of a run folder: 0 all succeeded, 1 failed, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.cli.steps_worker")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument(
        "--retries-backoff-scale",
        type=float,
        default=BACKOFF_SCALE,
        metavar="X",
        help="multiply the waits before retries, as a cluster would make them [%(default)s]",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="run at most N steps at the same time [%(default)s]",
    )
    arguments = parser.parse_args(argv)
    folder = RunFolder(arguments.folder.resolve())
    journal = Journal(folder.journal)
    status = FAILED
    with Ending(journal, ends_run=False) as ending:
        if _run(folder, journal, arguments.workers, arguments.retries_backoff_scale):
            status = 0
    status = ending.status or status
    _close(folder, journal, _OUTCOMES[status])
    return status


def on_this_machine(config: PipelineConfig) -> PipelineConfig:
    """The configuration of a package whose volume is the output folder of this machine."""
    from pipeline import parameters

    output = parameters.absolute(config.output)
    data = dataclasses.replace(
        config.data,
        manifest=parameters.absolute(config.data.manifest),
        videos_root=config.data.videos_root and parameters.absolute(config.data.videos_root),
    )
    kubeflow = dataclasses.replace(config.kubeflow, mount_path=output)
    return dataclasses.replace(config, output=output, data=data, kubeflow=kubeflow)


def outputs_of(folder: RunFolder, step: str) -> pathlib.Path:
    """Folder of what a step hands to Kubeflow's own pages: a cluster's object store has them."""
    return folder.path / "kubeflow" / step


def _run(folder: RunFolder, journal: Journal, workers: int, backoff_scale: float) -> bool:
    config = on_this_machine(load.load(folder.config))
    # Importing TFX and kfp takes seconds; the command line must not wait for them.
    from pipeline.dashboards import visualisations
    from pipeline.runners.emulation import executor, loader
    from pipeline.runners.kubeflow import compiler

    compiler.write_package(config, folder.package, visualisations, on_cluster=False)
    return executor.execute(
        loader.load(folder.package),
        run_id=folder.run_id,
        arguments={},
        environment=os.environ,
        log_of=folder.step_log,
        outputs_of=functools.partial(outputs_of, folder),
        workers=workers,
        observe=functools.partial(_tell_failure, folder, journal),
        backoff_scale=backoff_scale,
    )


def _tell_failure(folder: RunFolder, journal: Journal, ended: AttemptEnded) -> None:
    """Writes into the run's journal that a step failed for good, unless the step has told it."""
    if ended.will_retry or ended.outcome not in (Outcome.FAILED, Outcome.TIMED_OUT):
        return
    name = ended.step.display_name
    told = Follower(folder.step_journal(name)).read()
    if any(isinstance(event, events.Failed) and event.time >= ended.started for event in told):
        return
    log = folder.step_log(name)
    lines = process.last_lines(log)
    journal.append(
        events.Failed(
            node=name,
            type="StepFailed",
            code="step_timed_out" if ended.outcome is Outcome.TIMED_OUT else "step_failed",
            message=f"the step {name} {_how(ended)}; it said last:\n{lines}",
            advice=f"Its whole output is in {log}. Give the same command again: finished nodes"
            " come from the cache.",
        )
    )


def _how(ended: AttemptEnded) -> str:
    if ended.outcome is Outcome.TIMED_OUT:
        return f"was stopped after {ended.seconds:.0f} s: its time was over"
    numbers = {number.value: number for number in signal.Signals}
    number = numbers.get(ended.status - 128)
    return f"ended with status {ended.status}" if number is None else process.killed_by(number)


def _close(folder: RunFolder, journal: Journal, outcome: events.Outcome) -> None:
    """Ends the journal, unless the report step has ended it in the same way."""
    told = [event for event in RunFollower(folder).read() if isinstance(event, events.RunEnded)]
    if not told or told[-1].outcome is not outcome:
        logging.info("the run %s", outcome.value)
        journal.append(events.RunEnded(outcome=outcome))


if __name__ == "__main__":
    process.prepare()
    worker.end_with_the_command()
    process.end(main())
