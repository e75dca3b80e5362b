"""What one way of doing a thing costs in units of another, measured side by side in one run.

Seconds say more about the neighbours of a shared machine than about the code; a ratio of two
runs that follow each other does not. Every round runs reference, candidate, reference: the
candidate is paired in turn with the run before and the run after it, and the two references
with each other. That second ratio, the control, would be 1 on a quiet machine.
"""

import dataclasses
import pathlib
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

C = TypeVar("C")
R = TypeVar("R")
T = TypeVar("T")

CPU: Final = "cpu"
WALL: Final = "wall"
MAX_CONTROL_ERROR: Final = 0.1  # a figure whose control is further from 1 is void


class WrongAnswerError(Exception):
    """The candidate did not do what it is measured for."""


@dataclasses.dataclass(frozen=True)
class Way(Generic[T]):
    """One way to do the thing: what the table calls it, and the call."""

    name: str
    run: Callable[[], T]


@dataclasses.dataclass(frozen=True)
class Spread:
    """Paired ratios of one figure."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "Spread":
        return cls(statistics.median(ratios), min(ratios), max(ratios))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """Cost of the candidate over that of the reference.

    Attributes:
      name: Of the figure, within its benchmark.
      candidate: What is measured.
      reference: Whose cost is 1.
      clock: `cpu` (user and system time, of children too) or `wall`.
      pairs: Behind `cost` and `control` each.
      cost: Below 1 the candidate is cheaper.
      control: The reference against itself.
    """

    name: str
    candidate: str
    reference: str
    clock: str
    pairs: int
    cost: Spread
    control: Spread

    @property
    def is_void(self) -> bool:
        """Whether the machine was too unsteady for this figure to mean anything."""
        return abs(self.control.median - 1) > MAX_CONTROL_ERROR

    @property
    def is_within_noise(self) -> bool:
        """Whether the reference differs from itself as much as from the candidate."""
        return self.cost.min <= self.control.max and self.control.min <= self.cost.max


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a benchmark module returns: the sizes of its data, and its figures."""

    sizes: dict[str, int | float | str]
    figures: list[Figure]


def compare(
    name: str,
    candidate: Way[C],
    reference: Way[R],
    *,
    agree: Callable[[C, R], bool],
    clock: str = CPU,
    pairs: int = 5,
) -> Figure:
    """Measures the candidate against the reference, after one call of each that does not count.

    Args:
      name: Of the figure.
      candidate: Called once a round.
      reference: Called twice a round.
      agree: Whether the answers are right; asked in every round, outside the measured time.
      clock: `CPU` or `WALL`.
      pairs: Number of rounds.

    Raises:
      WrongAnswerError: `agree` said no: a fast wrong answer is no result.
    """
    costs, controls = [], []
    reference.run()
    candidate.run()  # what is loaded or cached on the first call is no part of the figure
    for number in range(pairs):
        first, expected = _timed(reference, clock)
        middle, answer = _timed(candidate, clock)
        last, _ = _timed(reference, clock)
        if not agree(answer, expected):
            raise WrongAnswerError(f"{name}: {candidate.name} differs from {reference.name}")
        beside, other = (first, last) if number % 2 == 0 else (last, first)
        costs.append(middle / beside)
        controls.append(other / beside)
    return Figure(
        name=name,
        candidate=candidate.name,
        reference=reference.name,
        clock=clock,
        pairs=pairs,
        cost=Spread.of(costs),
        control=Spread.of(controls),
    )


def cpu_seconds() -> float:
    """User and system time of this process and of its children, living and ended."""
    ended = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    living = (
        int(child)
        for listing in pathlib.Path("/proc/self/task").glob("*/children")
        for child in listing.read_text().split()
    )
    return sum(usage.ru_utime + usage.ru_stime for usage in ended) + sum(map(_cpu_of, living))


CLOCKS: Final[dict[str, Callable[[], float]]] = {CPU: cpu_seconds, WALL: time.perf_counter}


def _cpu_of(process: int) -> float:
    """CPU seconds of a living process; Linux numbers its clock so (clock_getcpuclockid(3))."""
    return time.clock_gettime((~process << 3) | 2)


def _timed(way: Way[T], clock: str) -> tuple[float, T]:
    read = CLOCKS[clock]
    start = read()
    result = way.run()
    return read() - start, result
