"""Which version of the tables a file has."""

import sqlite3

import pytest
from coded import raises_code
from ml_metadata.metadata_store import metadata_store

from pipeline.metadata import connection, schema


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metadata.db"


def test_the_version_is_what_the_installed_library_writes(path):
    metadata_store.MetadataStore(connection.of_file(path))
    assert schema.of_file(path) == schema.LIBRARY_VERSION


def test_the_tables_are_those_that_the_installed_library_makes(path):
    metadata_store.MetadataStore(connection.of_file(path))
    listed = sqlite3.connect(path).execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    assert {name for [name] in listed} - {"sqlite_sequence"} == set(schema.TABLES)


def test_no_file_and_an_empty_file_are_empty_stores(path):
    assert schema.of_file(path) is schema.State.EMPTY
    path.touch()
    assert schema.of_file(path) is schema.State.EMPTY


def test_a_file_of_another_kind_is_named(path):
    path.write_text("not a database at all")
    with raises_code("metadata_not_a_store", match=r"metadata\.db is no SQLite file"):
        schema.of_file(path)


def test_a_database_of_something_else_is_named(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE holidays (day TEXT)")
    with raises_code("metadata_not_a_store", match="of something else"):
        schema.of_file(path)


def test_a_torn_file_is_named(path):
    metadata_store.MetadataStore(connection.of_file(path))
    path.write_bytes(path.read_bytes()[:5000])
    with raises_code("metadata_not_a_store", match="back-up"):
        schema.of_file(path)
