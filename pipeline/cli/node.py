"""What runs in a container step: `python -m pipeline.cli.node prepare|run|report`.

A cluster that loses sight of a machine starts a step again elsewhere while the old process may
still be at work. Two live attempts of one node would publish outputs twice under one execution, and
TFX could then read them no more.

A Kubeflow run is one `prepare`, one `run` per node of the graph, and one `report` whatever
happened. They share the output folder on a volume, and ML Metadata; nothing goes through Kubeflow
but their order. A step that has something to show writes pages of the dashboard into that folder,
and hands Kubeflow a copy and figures where it is told their places. Exit status: 0 done, 1 failed,
2 the call is wrong, 130 interrupted.
"""

import argparse
import contextlib
import fcntl
import logging
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pipeline.runs import folders, process
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Journal
from pipeline.runs.process import Ending
from schemas import names
from schemas.errors import RunnerError

PATIENCE_SECONDS: Final = 300.0
_PAUSE_SECONDS: Final = 0.5

BAD_CALL = 2


@contextlib.contextmanager
def alone_in_attempt(
    folder: RunFolder, node: str, *, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Holds the lock of a step, on the volume that all attempts share, while the context is open.

    The lock goes with the process, however that ends; an attempt that finished while this one
    waited has done the work.

    Args:
      folder: Folder of the run.
      node: Id of the node.
      patience_seconds: How long to wait for another attempt to end.

    Raises:
      RunnerError: `attempt_still_running`: Another attempt has not ended in that time.
    """
    path = folder.steps / f"{node}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience_seconds
    with path.open("a") as lock:
        while not _take(lock.fileno()):
            if time.monotonic() > deadline:
                raise RunnerError(
                    "attempt_still_running",
                    f"another attempt of {node} in this run is still at work after"
                    f" {patience_seconds:.0f} s; end its pod, or wait for it, and retry",
                )
            time.sleep(_PAUSE_SECONDS)
        yield


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """Does what one container step is there for; returns its exit status."""
    arguments = _parser().parse_args(argv)
    try:
        run_id = _run_id(arguments.run_id, arguments.run_name)
        work: Callable[[argparse.Namespace, str], int] = arguments.work
        return work(arguments, run_id)
    except RunnerError as error:
        logging.error("%s: %s", error.code, error)
        return BAD_CALL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline.cli.node", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="prepare|run|report")
    prepare = commands.add_parser(names.PREPARE, help="check everything before the first node")
    prepare.set_defaults(work=_prepare)
    prepare.add_argument("--bundle", action="append", required=True, metavar="gz64:TEXT")
    prepare.add_argument("--digest", required=True)
    prepare.add_argument(
        "--set", dest="values", nargs=2, action="append", default=[], metavar=("KEY", "VALUE")
    )
    run = commands.add_parser("run", help="run one node of the graph")
    run.set_defaults(work=_run)
    run.add_argument("--output", required=True)
    run.add_argument("--digest", required=True)
    run.add_argument("--node", required=True)
    run.add_argument("--executor-input", default="", metavar="JSON", help="Kubeflow's; for figures")
    report = commands.add_parser(names.REPORT, help="say what the run came to")
    report.set_defaults(work=_report)
    report.add_argument("--output", required=True)
    for command in (run, report):
        command.add_argument(
            "--page", type=pathlib.Path, help="put the step's page here, as a file"
        )
    for command in (prepare, run, report):
        command.add_argument("--run-id", required=True)
        command.add_argument("--run-name", default="")
    return parser


def _run_id(job_id: str, name: str) -> str:
    """Name of the run in ML Metadata and of its folder.

    Raises:
      RunnerError: `bad_run_id`: The orchestrator left its placeholder in, or a name is no file
        name.
    """
    run_id = folders.run_folder_named(job_id, name)
    if "{{" in run_id:
        raise RunnerError("bad_run_id", f"the run id placeholder was not substituted: {job_id}")
    if not run_id or pathlib.PurePath(run_id).name != run_id:
        raise RunnerError(
            "bad_run_id", f"a run cannot be named {run_id!r}: use letters, digits and -"
        )
    return run_id


# TensorFlow and TFX take seconds to import: each command imports what it needs.


def _prepare(arguments: argparse.Namespace, run_id: str) -> int:
    from pipeline.runners import bundle, step

    parcel = bundle.from_arguments(arguments.bundle, digest=arguments.digest)
    folder = RunFolder(pathlib.Path(parcel.config.output) / run_id)
    journal = _step_journal(folder, names.PREPARE)
    with Ending(journal, ends_run=False, node=names.PREPARE) as ending:
        step.prepare(parcel, folder, dict(arguments.values))
    return ending.status


def _run(arguments: argparse.Namespace, run_id: str) -> int:
    from pipeline.dashboards import run_pages
    from pipeline.runners import bundle, step

    folder = RunFolder(pathlib.Path(arguments.output) / run_id)
    path = bundle.path_below(arguments.output, arguments.digest)
    journal = _step_journal(folder, arguments.node)
    with Ending(journal, ends_run=False, node=arguments.node) as ending:
        parcel = bundle.read(path, digest=arguments.digest)
        with alone_in_attempt(folder, arguments.node):
            step.run_node(parcel, folder, arguments.node, ending.sink)
            run_pages.write_for(
                folder,
                arguments.node,
                page_copy=arguments.page,
                executor_input=arguments.executor_input,
            )
    return ending.status


def _report(arguments: argparse.Namespace, run_id: str) -> int:
    from pipeline.dashboards import run_pages
    from pipeline.runners import closing

    folder = RunFolder(pathlib.Path(arguments.output) / run_id)
    report = closing.report(folder)
    run_pages.write_for(folder, names.REPORT, report=report, page_copy=arguments.page)
    return 0


def _step_journal(folder: RunFolder, node: str) -> Journal:
    folder.steps.mkdir(parents=True, exist_ok=True)
    return Journal(folder.step_journal(node))


if __name__ == "__main__":
    process.prepare()
    process.end(main())
