"""An unfinished run is abandoned once nobody holds the lock of its output folder."""

import fcntl

import pytest

from pipeline.runs import folders
from pipeline.runs.folders import RunFolder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / folders.LOCK_FILE).touch()
    (tmp_path / "run").mkdir()
    return RunFolder(tmp_path / "run")


def test_a_run_whose_lock_is_held_goes_on(folder):
    with (folder.path.parent / folders.LOCK_FILE).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert not folders.is_abandoned(folder)
    assert folders.is_abandoned(folder)


def test_asking_leaves_the_lock_free(folder):
    assert folders.is_abandoned(folder)
    with (folder.path.parent / folders.LOCK_FILE).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_steps_of_a_cluster_hold_no_lock_and_are_never_given_up(folder):
    folder.steps.mkdir()
    assert not folders.is_abandoned(folder)


def test_a_folder_without_a_lock_tells_nothing(tmp_path):
    assert not folders.is_abandoned(RunFolder(tmp_path / "run"))
