"""An output folder belongs to one store."""

import pytest
from coded import raises_code

from pipeline.config import load
from pipeline.metadata import connection, readiness

SERVER = {"metadata.backend": "mysql", "metadata.host": "db.example"}


@pytest.fixture
def configured(tmp_path):
    def configured(**values):
        overrides = {"output": str(tmp_path / "runs"), **values}
        return load.with_overrides(load.load("local"), overrides)

    return configured


def test_the_store_that_came_first_keeps_the_folder(configured):
    readiness.claim(configured())
    readiness.claim(configured())
    with raises_code("metadata_other_store", match=r"to the file metadata\.db, not to the"):
        readiness.claim(configured(**SERVER))


def test_a_folder_of_before_the_note_belongs_to_the_file_in_it(configured, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / connection.SQLITE_FILE).touch()
    with raises_code("metadata_other_store"):
        readiness.claim(configured(**SERVER))
    readiness.claim(configured())


def test_another_database_is_another_store(configured):
    readiness.claim(configured(**SERVER))
    with raises_code("metadata_other_store", match=r"on db\.example:3306, not to the database b"):
        readiness.claim(configured(**SERVER, **{"metadata.database": "b"}))


def test_a_history_that_moved_takes_its_folder_along(configured, tmp_path):
    readiness.claim(configured())
    assert not readiness.hand_over(configured(**SERVER), tmp_path / "other" / "metadata.db")
    assert readiness.hand_over(configured(**SERVER), tmp_path / "runs" / "metadata.db")
    readiness.claim(configured(**SERVER))


def test_a_folder_may_move_with_the_file_in_it(configured, tmp_path):
    readiness.claim(configured())
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    moved = {"output": str(tmp_path / "elsewhere")}
    readiness.claim(configured(**moved))
    with raises_code("metadata_other_store"):
        readiness.claim(configured(**moved, **SERVER))
