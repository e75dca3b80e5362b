"""Small processes in place of the worker, and journals of made runs."""

import sys
import textwrap

import pytest

from pipeline.cli import run_folder
from pipeline.journal import events
from pipeline.journal.log import Journal


@pytest.fixture
def worker(tmp_path):
    """Command of a process that runs `body` with `journal` open on its run folder."""

    def worker(body):
        script = tmp_path / "worker.py"
        head = """
            import os, pathlib, signal, sys, time
            from pipeline.journal.run_folder import RunFolder
            from pipeline.journal.events import *
            from pipeline.journal.log import Journal
            folder = RunFolder(pathlib.Path(sys.argv[1]))
            journal = Journal(folder.journal)
        """
        script.write_text(textwrap.dedent(head) + textwrap.dedent(body))
        return (sys.executable, str(script))

    return worker


@pytest.fixture
def made_run():
    """Writes a run folder with the journal of a run that began at 100 s; returns the folder."""

    def made_run(output, run_id, *happened):
        folder = run_folder.RunFolder(output / run_id)
        folder.log.parent.mkdir(parents=True)
        journal = Journal(folder.journal)
        start = events.RunStarted(run_id=run_id, pipeline="deepfake", time=100.0)
        for event in (start, *happened):
            journal.append(event)
        return folder

    return made_run
