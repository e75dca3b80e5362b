"""The process that runs the graph: `python -m pipeline.cli.worker RUN_FOLDER`.

Its output streams are the run's log, so that whatever a library prints stays off the screen. What
happens goes to the run's journal. Its input is a pipe held by the command: when that closes, the
command is gone and the run is interrupted.

Spawned grandchildren import this module again, so it imports nothing heavy itself.
"""

import argparse
import contextlib
import os
import pathlib
import signal
import sys
import threading
import time
from collections.abc import Sequence

from pipeline.config import load
from pipeline.runs import events, journal, process
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Journal
from pipeline.runs.process import INTERRUPTED, Ending
from schemas import names

GRACE_SECONDS = 40.0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the graph of a run folder: 0 finished, 1 failed, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.cli.worker")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--from", dest="from_node", default="")
    parser.add_argument("--to", dest="to_node", default="")
    arguments = parser.parse_args(argv)
    folder = RunFolder(arguments.folder)
    with Ending(Journal(folder.journal)) as ending:
        _run(folder, ending.sink, arguments.from_node, arguments.to_node)
    if ending.status != INTERRUPTED:  # whoever stops a run wants it to end
        _write_pages(folder)
    return ending.status


def _run(folder: RunFolder, sink: events.EventSink, from_node: str, to_node: str) -> None:
    config = load.load(folder.config)
    # Importing TensorFlow and TFX takes seconds; the command line must not wait for them.
    from pipeline import graph
    from pipeline.metadata import connection, readiness
    from pipeline.runners import beam, ir, local, node_facts

    readiness.claim(config)
    readiness.ensure_ready(config)
    compiled = ir.compile_graph(graph.create_pipeline(config), order=names.NODES)
    ir.bind(compiled, run_id=folder.run_id)
    ir.write(compiled, folder.ir)
    with journal.forwarded(sink) as forwarding_sink:
        local.run(
            compiled,
            connection.connection(config),
            sink=forwarding_sink,
            describe=node_facts.of_outputs,
            beam_args=beam.arguments(config.beam),
            from_node=from_node,
            to_node=to_node,
        )


def _write_pages(folder: RunFolder) -> None:
    """Writes the pages of the run, which has ended: an interrupt now ends the pages alone."""
    from pipeline.dashboards import run_pages

    with contextlib.suppress(KeyboardInterrupt):
        run_pages.write_for(folder)


def end_with_the_command() -> None:
    """Watches the input of this process, in a thread of its own, until it closes."""
    threading.Thread(target=_end_when_input_closes, daemon=True).start()


def _end_when_input_closes() -> None:
    """Interrupts this process when its input closes; ends it if that does not help."""
    while os.read(sys.stdin.fileno(), 1024):
        continue
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(GRACE_SECONDS)
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    process.prepare()
    end_with_the_command()
    process.end(main())
