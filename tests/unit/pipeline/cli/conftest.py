"""Small processes in place of the worker, and journals of made runs."""

import pytest

from pipeline.runs import events, folders
from pipeline.runs.journal import Journal


@pytest.fixture
def made_run():
    """Writes a run folder with the journal of a run that began at 100 s; returns the folder."""

    def made_run(output, run_id, *happened):
        folder = folders.RunFolder(output / run_id)
        folder.log.parent.mkdir(parents=True)
        journal = Journal(folder.journal)
        start = events.RunStarted(run_id=run_id, pipeline="deepfake", time=100.0)
        for event in (start, *happened):
            journal.append(event)
        return folder

    return made_run
