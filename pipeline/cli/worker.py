"""The process that runs the graph: `python -m pipeline.cli.worker RUN_FOLDER`.

Its output streams are the run's log, so that whatever a library prints stays off the screen. What
happens goes to the run's journal. Its input is a pipe held by the command: when that closes, the
command is gone and the run is interrupted.

Spawned grandchildren import this module again, so it imports nothing heavy itself.
"""

import argparse
import faulthandler
import logging
import os
import pathlib
import signal
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import NoReturn

from pipeline.cli import failures, nodes, progress
from pipeline.cli.run_folder import RunFolder
from pipeline.config import load
from pipeline.journal import events
from pipeline.journal.log import Journal

GRACE_SECONDS = 15.0
_FORMAT = "%(asctime)s %(levelname).1s %(name)s: %(message)s"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the graph of a run folder: 0 finished, 1 failed, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.cli.worker")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--from", dest="from_node", default="")
    parser.add_argument("--to", dest="to_node", default="")
    arguments = parser.parse_args(argv)
    folder = RunFolder(arguments.folder)
    with _Ending(Journal(folder.journal)) as ending:
        _run(folder, ending.sink, arguments.from_node, arguments.to_node)
    return ending.status


def prepare_process() -> None:
    """Makes crashes, logs and signals of this process serve the command that started it."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format=_FORMAT, stream=sys.stderr)
    # A shell without job control starts background jobs with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=_end_with_the_command, daemon=True).start()


def end_process(status: int) -> NoReturn:
    """Ends this process at once: tearing TensorFlow, Beam and gRPC down takes seconds."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(folder: RunFolder, sink: events.EventSink, from_node: str, to_node: str) -> None:
    config = load.load(folder.config)
    # Importing TensorFlow and TFX takes seconds; the command line must not wait for them.
    from pipeline import graph
    from pipeline.reports import node_facts
    from pipeline.runners import beam, local

    pipeline = graph.create_pipeline(config, beam_args=[])
    ir = local.compile_graph(pipeline, run_id=folder.run_id, order=nodes.NODES)
    local.write_ir(ir, folder.ir)
    with progress.forwarded(sink) as forwarding_sink:
        local.run(
            ir,
            sink=forwarding_sink,
            describe=node_facts.of_outputs,
            beam_args=beam.arguments(config.beam),
            from_node=from_node,
            to_node=to_node,
        )


class _Ending:
    """Writes how the run ended into its journal, and its traceback into the log.

    Attributes:
      status: Exit status of the process.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._node = ""
        self.status = 0

    def sink(self, event: events.Event) -> None:
        """Passes events to the journal and remembers which node was started last."""
        if isinstance(event, events.NodeStarted):
            self._node = event.node
        self._journal.append(event)

    def __enter__(self) -> "_Ending":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        outcome = events.Outcome.FINISHED
        if isinstance(error, KeyboardInterrupt):
            logging.info("interrupted")
            outcome, self.status = events.Outcome.INTERRUPTED, 130
        elif error is not None:
            logging.error("the run failed", exc_info=error)
            self._journal.append(failures.describe(error, self._node))
            outcome, self.status = events.Outcome.FAILED, 1
        self._journal.append(events.RunEnded(outcome=outcome))
        return True


def _end_with_the_command() -> None:
    """Interrupts this process when its input closes; ends it if that does not help."""
    while os.read(sys.stdin.fileno(), 1024):
        continue
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(GRACE_SECONDS)
    os._exit(130)


if __name__ == "__main__":
    prepare_process()
    end_process(main())
