"""Runs the steps of a Kubeflow package as processes of this machine, in the order of a cluster.

As on a cluster: every failed attempt is retried, whatever its exit status; after a step has failed
for good no other one starts, while those that run go on; the exit step runs whatever happened. A
stop by the user ends the steps and still runs the exit step, as ending a run on a cluster does.
"""

import contextlib
import dataclasses
import pathlib
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline.runners.emulation import processes
from pipeline.runners.emulation.outputs import StepOutputs, StepWithOutputs
from pipeline.runners.emulation.processes import StepProcess
from pipeline.runners.emulation.scheduling import AttemptEnded, Interrupts, Schedule, Settings
from pipeline.runners.emulation.step_plan import Plan, Step

GRACE_SECONDS: Final = 10.0


def execute(
    plan: Plan,
    *,
    run_id: str,
    arguments: Mapping[str, Any],
    environment: Mapping[str, str],
    log_of: Callable[[str], pathlib.Path],
    outputs_of: Callable[[str], pathlib.Path],
    workers: int,
    observe: Callable[[AttemptEnded], None],
    backoff_scale: float = 1.0,
    grace_seconds: float = GRACE_SECONDS,
) -> bool:
    """Runs all steps; returns whether all of them succeeded, the exit step included.

    To be called in the main thread: it listens to SIGINT and SIGTERM. The first one stops the
    steps, then runs the exit step; the second one kills whatever runs.

    Args:
      plan: From `loader.load`.
      run_id: What stands for Kubeflow's run id.
      arguments: Of the run, by parameter.
      environment: Of this process: the few variables that steps inherit, and those of Secrets.
      log_of: File of what a step says, by its display name.
      outputs_of: Folder of a step's artifacts, by its display name; emptied.
      workers: Most steps that run at the same time.
      observe: Is told of every attempt that ended, before anything follows from it.
      backoff_scale: By which the waits before retries are multiplied.
      grace_seconds: Between asking a step to end and killing it.

    Raises:
      RunnerError: `bad_argument`: An argument is unknown, missing or of another type.
      RunnerError: `missing_secret`: Variables of Secrets are not in `environment`.
      RunnerError: `missing_volume`: A mount path is no folder.
      KeyboardInterrupt: The user stopped the run; nothing of it is left.
    """
    steps = plan.bound(run_id=run_id, arguments=arguments)
    processes.check(steps, environment)

    def start(step: Step) -> StepProcess:
        variables, name = processes.environment(step, environment), step.display_name
        return StepWithOutputs(StepOutputs(step, outputs_of(name)), variables, log_of(name))

    return _run(steps, Settings(start, observe, workers, backoff_scale, grace_seconds))


def _run(steps: Sequence[Step], settings: Settings) -> bool:
    with _interrupts() as interrupts:
        succeeded = Schedule([s for s in steps if not s.is_exit], settings, interrupts).run()
        if interrupts.count < 2:
            last = [dataclasses.replace(step, after=()) for step in steps if step.is_exit]
            succeeded = Schedule(last, settings, interrupts).run() and succeeded
    if interrupts.count:
        raise KeyboardInterrupt
    return succeeded


@contextlib.contextmanager
def _interrupts() -> Iterator[Interrupts]:
    interrupts = Interrupts()
    former = {
        number: signal.signal(number, interrupts.note) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupts
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
