"""The process that runs the container steps: `python -m pipeline.cli.steps_worker RUN_FOLDER`.

It compiles the Kubeflow package of the run and executes the command line of every step in it, as
Kubeflow Pipelines would do on a cluster. The steps tell what happens in journals of their own;
this process adds what a step could not tell: that it was killed, or never came to its work.

Like `pipeline.cli.worker` it ends when the command that holds its input is gone.
"""

import argparse
import dataclasses
import logging
import pathlib
import signal
from collections.abc import Callable, Sequence

from pipeline.cli import worker
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.runners import emulation
from pipeline.runners.emulation import AttemptEnded, Outcome
from pipeline.runs import events, process
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Follower, Journal, RunFollower
from pipeline.runs.process import FAILED, INTERRUPTED, Ending


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the steps of a run folder: 0 all succeeded, 1 failed, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.cli.steps_worker")
    parser.add_argument("folder", type=pathlib.Path)
    folder = RunFolder(parser.parse_args(argv).folder.resolve())
    journal = Journal(folder.journal)
    succeeded = False
    with Ending(journal, ends_run=False) as ending:
        succeeded = _run(folder, journal)
    status = ending.status or (0 if succeeded else FAILED)
    _close(folder, journal, status)
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


def _run(folder: RunFolder, journal: Journal) -> bool:
    config = on_this_machine(load.load(folder.config))
    from pipeline.dashboards import visualisations
    from pipeline.runners.kubeflow import compiler

    compiler.write_package(config, folder.package, visualisations, on_cluster=False)
    steps = emulation.load(folder.package, run_id=folder.run_id)
    return emulation.execute(steps, folder, observe=_teller(folder, journal))


def _teller(folder: RunFolder, journal: Journal) -> Callable[[AttemptEnded], None]:
    def tell(ended: AttemptEnded) -> None:
        """Writes into the run's journal that a step failed for good, unless it has told so."""
        if ended.will_retry or ended.outcome not in (Outcome.FAILED, Outcome.TIMED_OUT):
            return
        events_of_step = Follower(folder.step_journal(ended.step)).read()
        if any(isinstance(e, events.Failed) and e.time >= ended.started for e in events_of_step):
            return
        log = folder.step_log(ended.step)
        journal.append(
            events.Failed(
                node=ended.step,
                type="StepFailed",
                code="step_timed_out" if ended.outcome is Outcome.TIMED_OUT else "step_failed",
                message=f"the step {ended.step} {_how(ended)}; it said last:\n"
                + process.last_lines(log),
                advice=f"Its whole output is in {log}. Give the same command again: finished nodes"
                " come from the cache.",
            )
        )

    return tell


def _how(ended: AttemptEnded) -> str:
    if ended.outcome is Outcome.TIMED_OUT:
        return f"was stopped after {ended.seconds:.0f} s: its time was over"
    numbers = {number.value: number for number in signal.Signals}
    number = numbers.get(ended.status - 128)
    return f"ended with status {ended.status}" if number is None else process.killed_by(number)


def _close(folder: RunFolder, journal: Journal, status: int) -> None:
    """Ends the journal, unless the report step has ended it in the same way."""
    outcomes = {FAILED: events.Outcome.FAILED, INTERRUPTED: events.Outcome.INTERRUPTED}
    outcome = outcomes.get(status, events.Outcome.FINISHED)
    told = [event for event in RunFollower(folder).read() if isinstance(event, events.RunEnded)]
    if not told or told[-1].outcome is not outcome:
        logging.info("the run %s", outcome.value)
        journal.append(events.RunEnded(outcome=outcome))


if __name__ == "__main__":
    process.prepare()
    worker.end_with_the_command()
    process.end(main())
