"""Problems with writing pages: each is logged and kept in a file, and none fails the run."""

import dataclasses
import logging
import pathlib
from collections.abc import Iterator
from types import TracebackType

from pipeline.runs import events, process
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Follower, Journal
from schemas.errors import DashboardError

_LOG = logging.getLogger(__name__)


class Problems:
    """The problems that one process of a run has with its pages.

    Its file is its own, so that steps on several machines never write into one, and it holds what
    the last attempt met.

    Args:
      folder: Folder of the run.
      writer: Id of the node, or another name that no other process of the run has.
    """

    def __init__(self, folder: RunFolder, writer: str) -> None:
        self._run_id = folder.run_id
        self._path = _file(folder, writer)
        self._path.unlink(missing_ok=True)

    def told(self, what: str) -> "Guard":
        """A context in which `what` is written: an error in it is logged, kept and not raised.

        An interrupt is raised. `Guard.problem` holds the error afterwards.
        """
        return Guard(self, what)

    def add(self, what: str, error: BaseException) -> events.Failed:
        """Logs an error, with its traceback if it is a bug, and keeps it for `of_run`."""
        is_expected = isinstance(error, DashboardError)
        problem = dataclasses.replace(
            process.describe_failure(error, ""),
            advice=f"Correct it; `deepfake dashboard {self._run_id}` then writes the pages again.",
        )
        problem = dataclasses.replace(problem, message=f"{what}: {problem.message}")
        _LOG.error(
            "%s: %s",
            problem.code or problem.type,
            problem.message,
            exc_info=None if is_expected else error,
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        Journal(self._path).append(problem)
        return problem


class Guard:
    """The context that `Problems.told` returns.

    Attributes:
      problem: The error as an event; None where nothing was raised.
    """

    def __init__(self, problems: Problems, what: str) -> None:
        self._problems = problems
        self._what = what
        self.problem: events.Failed | None = None

    def __enter__(self) -> "Guard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is None or process.is_interrupt(error):
            return False
        self.problem = self._problems.add(self._what, error)
        return True


def of_run(folder: RunFolder) -> Iterator[events.Failed]:
    """Yields the problems that the processes of a run had with its pages."""
    for path in sorted(folder.log.parent.glob(_file(folder, "*").name)):
        for event in Follower(path).read():
            if isinstance(event, events.Failed):
                yield event


def _file(folder: RunFolder, writer: str) -> pathlib.Path:
    return folder.log.parent / f"pages-{writer}.jsonl"
