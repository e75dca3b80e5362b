"""The order of a run of container steps on this machine, their retries and time-outs."""

import dataclasses
import enum
import logging
import math
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

from pipeline.runners.emulation.processes import StepProcess
from pipeline.runners.emulation.step_plan import Step

POLL_SECONDS: Final = 0.02

_LOGGER: Final = logging.getLogger(__name__)


class Outcome(str, enum.Enum):
    """How an attempt of a step ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"  # by the user


@dataclasses.dataclass(frozen=True, kw_only=True)
class AttemptEnded:
    """One attempt of a step is over.

    Attributes:
      step: Bound to the run.
      number: Of the attempt; the first is 1.
      status: Exit status; 128 and the number of a signal, where one ended it.
      outcome: What the executor makes of it.
      will_retry: Whether another attempt follows.
      started: Unix time.
      seconds: How long it took.
    """

    step: Step
    number: int
    status: int
    outcome: Outcome
    will_retry: bool
    started: float
    seconds: float


class Interrupts:
    """How often the user has asked to stop."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, number: int, frame: FrameType | None) -> None:
        """The handler: only counts, so that no process is lost between its start and its list."""
        self.count += 1


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a schedule goes by; see `pipeline.runners.emulation.executor.execute`."""

    start: Callable[[Step], StepProcess]
    observe: Callable[[AttemptEnded], None]
    workers: int
    backoff_scale: float
    grace_seconds: float


@dataclasses.dataclass
class _Attempt:
    """A running attempt. Times are of the monotonic clock, but for `started`."""

    step: Step
    number: int
    process: StepProcess
    begun: float
    deadline: float
    started: float = dataclasses.field(default_factory=time.time)
    kill_at: float = math.inf
    asked_to_end: Outcome | None = None


class Schedule:
    """Runs steps in their order, each after those that it waits for."""

    def __init__(self, steps: Sequence[Step], settings: Settings, interrupts: Interrupts) -> None:
        self._settings = settings
        self._interrupts = interrupts
        self._heard = interrupts.count
        self._is_stopped = False
        self._waiting = {step.name: step for step in steps}
        self._to_retry: dict[str, tuple[Step, int, float]] = {}
        self._running: list[_Attempt] = []
        self._first_begun: dict[str, float] = {}
        self._succeeded: set[str] = set()
        self._has_failed = False

    def run(self) -> bool:
        """Runs all steps that can run; returns whether all of them succeeded."""
        try:
            while self._to_do():
                self._heed_interrupts()
                self._collect()
                self._start_ready()
                time.sleep(POLL_SECONDS)
        finally:
            for attempt in self._running:
                attempt.process.kill()
        return not self._has_failed and not self._waiting

    def _to_do(self) -> bool:
        return bool(self._running or self._to_retry or (self._waiting and self._may_begin))

    @property
    def _may_begin(self) -> bool:
        return not self._has_failed and not self._is_stopped

    def _heed_interrupts(self) -> None:
        while self._heard < self._interrupts.count:
            self._heard += 1
            self._is_stopped = True
            self._to_retry.clear()
            for attempt in self._running:
                self._ask_to_end(attempt, signal.SIGINT, Outcome.STOPPED)
                if self._heard > 1:
                    attempt.kill_at = 0.0

    def _ask_to_end(self, attempt: _Attempt, number: signal.Signals, why: Outcome) -> None:
        attempt.asked_to_end = attempt.asked_to_end or why
        attempt.kill_at = time.monotonic() + self._settings.grace_seconds
        attempt.deadline = math.inf
        attempt.process.signal(number)

    def _collect(self) -> None:
        """Takes note of attempts that ended; ends those that are over their time."""
        for attempt in list(self._running):
            now = time.monotonic()
            if now >= attempt.kill_at:
                attempt.process.kill()
            elif now >= attempt.deadline:
                self._ask_to_end(attempt, signal.SIGTERM, Outcome.TIMED_OUT)
            status = attempt.process.poll()
            if status is not None:
                self._running.remove(attempt)
                self._ended(attempt, status)

    def _ended(self, attempt: _Attempt, status: int) -> None:
        step = attempt.step
        outcome = attempt.asked_to_end or (Outcome.FAILED if status else Outcome.SUCCEEDED)
        due = None if outcome is Outcome.SUCCEEDED else self._retry_at(attempt)
        if outcome is Outcome.SUCCEEDED:
            self._succeeded.add(step.name)
        elif due is None:
            self._has_failed = True
        else:
            self._to_retry[step.name] = (step, attempt.number + 1, due)
        ended = AttemptEnded(
            step=step,
            number=attempt.number,
            status=status,
            outcome=outcome,
            will_retry=due is not None,
            started=attempt.started,
            seconds=time.monotonic() - attempt.begun,
        )
        again = "; it is tried again" if ended.will_retry else ""
        _LOGGER.info(
            "%s, attempt %d: %s with status %d after %.1f s%s",
            *(step.display_name, ended.number, outcome.value, status, ended.seconds, again),
        )
        self._settings.observe(ended)

    def _retry_at(self, attempt: _Attempt) -> float | None:
        retry = attempt.step.retry
        wait = retry.delay_after(attempt.number) * self._settings.backoff_scale
        due = time.monotonic() + wait
        window_ends = self._first_begun[attempt.step.name] + retry.window_seconds
        if self._is_stopped or attempt.number > retry.count or due > window_ends:
            return None
        return due

    def _start_ready(self) -> None:
        for step, number, due in list(self._to_retry.values()):
            if due <= time.monotonic() and len(self._running) < self._settings.workers:
                del self._to_retry[step.name]
                self._begin(step, number)
        for step in list(self._waiting.values()):
            is_free = len(self._running) < self._settings.workers
            if is_free and self._may_begin and self._succeeded.issuperset(step.after):
                del self._waiting[step.name]
                self._begin(step, 1)

    def _begin(self, step: Step, number: int) -> None:
        begun = time.monotonic()
        first = self._first_begun.setdefault(step.name, begun)
        deadline = begun + (step.timeout_seconds or math.inf)
        if number > 1:
            deadline = min(deadline, first + step.retry.window_seconds)
        _LOGGER.info("%s, attempt %d: started", step.display_name, number)
        process = self._settings.start(step)
        self._running.append(_Attempt(step, number, process, begun, deadline))
