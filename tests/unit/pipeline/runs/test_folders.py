"""Runs are found by name; an unfinished one is abandoned once nobody holds the folder's lock."""

import fcntl

import pytest
from coded import raises_code

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


@pytest.fixture
def output(tmp_path):
    for run_id in ("20260101-1", "20260101-12", "20260202-1"):
        (tmp_path / run_id).mkdir()
        (tmp_path / run_id / "events.jsonl").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "run_id"),
    [("latest", "20260202-1"), ("202602", "20260202-1"), ("20260101-1", "20260101-1")],
)
def test_a_run_goes_by_its_id_the_start_of_it_or_latest(output, name, run_id):
    assert folders.find(output, name).run_id == run_id


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("20260101", "several runs start with '20260101' .*: 20260101-12, 20260101-1$"),
        ("x", "no run starts with 'x' .*the last ones: 20260202-1, 20260101-12, 20260101-1$"),
        ("", "no run starts with ''"),
    ],
)
def test_a_name_of_no_run_or_of_several_is_told_with_the_newest(output, name, message):
    with raises_code("no_such_run", match=message):
        folders.find(output, name)


def test_an_output_folder_without_runs_is_told(tmp_path):
    with raises_code("no_such_run", match="no runs in"):
        folders.find(tmp_path, "latest")
