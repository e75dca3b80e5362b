"""Small processes in place of the worker, and journals of made runs."""

import sys
import textwrap

import pytest

from pipeline.cli import run_folder
from pipeline.journal import events
from pipeline.journal.log import Journal
from pipeline.reports import run_report


@pytest.fixture
def worker(tmp_path):
    """Command of a process that runs `body` with `journal` open on its run folder."""

    def worker(body):
        script = tmp_path / "worker.py"
        head = """
            import os, pathlib, signal, sys, time
            from pipeline.cli.run_folder import RunFolder
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
    """Writes a run folder with a journal; returns the folder."""

    def made_run(output, happened, *, run_id=None, with_summary=True):
        folder = run_folder.create(output)
        if run_id:
            folder = run_folder.RunFolder(folder.path.rename(output / run_id))
        journal = Journal(folder.journal)
        start = events.RunStarted(run_id=folder.run_id, pipeline="deepfake", time=100.0)
        for event in (start, *happened):
            journal.append(event)
        if with_summary:
            run_report.write(folder.summary, run_report.of_folder(folder.path, folder.journal))
        return folder

    return made_run
