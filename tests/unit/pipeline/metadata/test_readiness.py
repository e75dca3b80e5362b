"""Each way in which a store is not ready says what it is; a real server answers."""

import threading
import time

import pytest
from coded import raises_code
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import load
from pipeline.metadata import connection, readiness, schema
from schemas.errors import MetadataUnreachableError


def ready(config, patience=0.0):
    readiness.ensure_ready(config, patience_seconds=patience)


def can_write(config):
    """Whether ML Metadata itself can work with the store that is said to be ready."""
    store = metadata_store.MetadataStore(connection.connection(config))
    return store.put_artifact_type(metadata_store_pb2.ArtifactType(name="Video")) > 0


def tables(mariadb, database):
    return {name for [name] in mariadb.root(f"SHOW TABLES IN `{database}`")}


def test_an_empty_database_gets_its_tables(mariadb, config, database):
    ready(config)
    assert tables(mariadb, database) == set(schema.TABLES)
    assert can_write(config)


def test_a_wrong_password_is_told_without_it(config, monkeypatch):
    monkeypatch.setenv("DEEPFAKE_METADATA_PASSWORD", "wrong-word")
    with raises_code("metadata_access_denied", match=r"'deepfake'.*Access denied") as caught:
        ready(config)
    assert "wrong-word" not in str(caught.value)


def test_no_account_is_told_before_anything_is_tried(config, monkeypatch):
    monkeypatch.delenv("DEEPFAKE_METADATA_PASSWORD")
    with raises_code("metadata_no_account", match="DEEPFAKE_METADATA_PASSWORD not set"):
        ready(config)


def test_a_missing_database_is_told_and_not_made(mariadb, config, account_with):
    account_with("ALL", "no\\_such\\_base")
    missing = load.with_overrides(config, {"metadata.database": "no_such_base"})
    with raises_code("metadata_no_database", match="CREATE DATABASE `no_such_base`"):
        ready(missing)
    assert not mariadb.root("SHOW DATABASES LIKE 'no_such_base'")


def test_an_account_without_any_grant_gets_the_statement_to_give(config, database, account_with):
    name = account_with("", database)
    statement = f"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `{database}`.* TO '{name}'"
    with raises_code("metadata_missing_grants") as caught:
        ready(config)
    assert statement in str(caught.value)


def test_the_missing_grants_are_named_and_no_others(config, database, account_with):
    ready(config)
    account_with("SELECT, INSERT", database)
    with raises_code("metadata_missing_grants", match="lacks UPDATE, DELETE on"):
        ready(config)


def test_grants_that_a_role_brings_count(mariadb, config, database, account_with):
    ready(config)
    name = account_with("", database)
    mariadb.root("CREATE ROLE team")
    mariadb.root(f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{database}`.* TO team")
    mariadb.root(f"GRANT team TO '{name}'@'%'")
    mariadb.root(f"SET DEFAULT ROLE team FOR '{name}'@'%'")
    try:
        ready(config)
        assert can_write(config)
    finally:
        mariadb.root("DROP ROLE team")


def test_runs_need_no_right_to_change_tables_once_there_are_some(config, database, account_with):
    ready(config)
    account_with("SELECT, INSERT, UPDATE, DELETE", database)
    ready(config)
    assert can_write(config)


def test_making_tables_without_the_right_to_leaves_none_behind(
    mariadb, config, database, account_with
):
    account_with("SELECT, INSERT, UPDATE, DELETE, CREATE", database)
    with raises_code("metadata_missing_grants", match="lacks ALTER on"):
        ready(config)
    assert tables(mariadb, database) == set()


@pytest.mark.parametrize(
    ("version", "advice"), [(9, "deepfake metadata upgrade"), (11, "install the release")]
)
def test_tables_of_another_version_are_told(mariadb, config, database, version, advice):
    ready(config)
    mariadb.root(f"UPDATE `{database}`.MLMDEnv SET schema_version = {version}")
    with raises_code("metadata_schema_version", match=f"version {version}.*{advice}"):
        ready(config)


def test_tables_that_somebody_left_unfinished_are_made_again(mariadb, config, database):
    """ML Metadata would ask to retry for ever."""
    ready(config)
    mariadb.root(f"DELETE FROM `{database}`.MLMDEnv")
    mariadb.root(f"DROP TABLE `{database}`.Attribution")
    ready(config)
    assert tables(mariadb, database) == set(schema.TABLES)


def test_unfinished_tables_with_data_are_left_alone(mariadb, config, database):
    ready(config)
    mariadb.root(f"DELETE FROM `{database}`.MLMDEnv")
    mariadb.root(f"INSERT INTO `{database}`.Execution (type_id) VALUES (1)")
    with raises_code("metadata_unfinished_tables", match="back-up"):
        ready(config)
    assert tables(mariadb, database) == set(schema.TABLES)


def test_a_server_that_is_down_is_told_after_the_wait(config):
    closed = load.with_overrides(config, {"metadata.port": 1})
    begun = time.monotonic()
    with pytest.raises(MetadataUnreachableError, match=r"127\.0\.0\.1:1 .*refused.*waited [12] s"):
        ready(closed, patience=2.5)
    assert time.monotonic() - begun < 5


def test_a_server_that_restarts_is_waited_for(mariadb, config):
    ready(config)
    mariadb.stop()
    starting = threading.Timer(1.0, mariadb.start)
    starting.start()
    try:
        ready(config, patience=30.0)
    finally:
        starting.join()
    assert can_write(config)


def test_a_file_is_made_with_its_folder(tmp_path):
    path = tmp_path / "new" / "metadata.db"
    ready(load.with_overrides(load.load("local"), {"metadata.sqlite": str(path)}))
    assert schema.of_file(path) == schema.LIBRARY_VERSION


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    path = tmp_path / "taken" / "metadata.db"
    with raises_code("metadata_not_a_store", match=r"metadata\.db"):
        ready(load.with_overrides(load.load("local"), {"metadata.sqlite": str(path)}))
