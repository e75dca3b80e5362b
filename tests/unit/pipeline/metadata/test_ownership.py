"""An output folder belongs to one store."""

import pytest

from pipeline.config import load
from pipeline.metadata import connection, errors, ownership

SERVER = {"metadata.backend": "mysql", "metadata.host": "db.example"}


@pytest.fixture
def configured(tmp_path):
    def configured(**values):
        overrides = {"output": str(tmp_path / "runs"), **values}
        return load.with_overrides(load.load("local"), overrides)

    return configured


def test_the_store_that_came_first_keeps_the_folder(configured):
    ownership.claim(configured())
    ownership.claim(configured())
    with pytest.raises(errors.OtherStoreError, match=r"to the file metadata\.db, not to the"):
        ownership.claim(configured(**SERVER))


def test_a_folder_of_before_the_note_belongs_to_the_file_in_it(configured, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / connection.SQLITE_FILE).touch()
    with pytest.raises(errors.OtherStoreError):
        ownership.claim(configured(**SERVER))
    ownership.claim(configured())


def test_another_database_is_another_store(configured):
    ownership.claim(configured(**SERVER))
    with pytest.raises(errors.OtherStoreError, match=r"on db\.example:3306, not to the database b"):
        ownership.claim(configured(**SERVER, **{"metadata.database": "b"}))


def test_a_history_that_moved_takes_its_folder_along(configured, tmp_path):
    ownership.claim(configured())
    assert not ownership.hand_over(configured(**SERVER), tmp_path / "other" / "metadata.db")
    assert ownership.hand_over(configured(**SERVER), tmp_path / "runs" / "metadata.db")
    ownership.claim(configured(**SERVER))


def test_a_folder_may_move_with_the_file_in_it(configured, tmp_path):
    ownership.claim(configured())
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    moved = {"output": str(tmp_path / "elsewhere")}
    ownership.claim(configured(**moved))
    with pytest.raises(errors.OtherStoreError):
        ownership.claim(configured(**moved, **SERVER))
