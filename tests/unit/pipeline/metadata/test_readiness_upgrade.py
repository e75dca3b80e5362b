"""Tables of the version before, as ML Metadata itself makes them."""

import pytest
from coded import raises_code
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import load
from pipeline.metadata import connection, readiness, schema

BEFORE = schema.LIBRARY_VERSION - 1


@pytest.fixture(params=["file", "server"])
def config(request, tmp_path):
    if request.param == "file":
        overrides = {"metadata.sqlite": str(tmp_path / "metadata.db")}
    else:
        server = request.getfixturevalue("mariadb_account")
        overrides = server.settings(server.create_database())
    return load.with_overrides(load.load("local"), overrides)


@pytest.fixture
def older(config):
    """A store of the version before, with one artifact."""
    link = connection.connection(config)
    store = metadata_store.MetadataStore(link)
    kind = store.put_artifact_type(metadata_store_pb2.ArtifactType(name="Video"))
    store.put_artifacts([metadata_store_pb2.Artifact(type_id=kind, uri="kept")])
    del store
    metadata_store.downgrade_schema(link, BEFORE)
    return config


def test_runs_refuse_older_tables_until_they_are_upgraded(older):
    with raises_code("metadata_schema_version", match=f"version {BEFORE}"):
        readiness.ensure_ready(older, patience_seconds=0)
    assert readiness.upgrade(older) == BEFORE
    readiness.ensure_ready(older, patience_seconds=0)
    [artifact] = metadata_store.MetadataStore(connection.connection(older)).get_artifacts()
    assert artifact.uri == "kept"


def test_an_empty_store_gets_tables_and_a_second_upgrade_does_nothing(config):
    assert readiness.upgrade(config) is schema.State.EMPTY
    assert readiness.upgrade(config) == schema.LIBRARY_VERSION


def test_newer_tables_are_left_as_they_are(mariadb_account):
    database = mariadb_account.create_database()
    config = load.with_overrides(load.load("local"), mariadb_account.settings(database))
    readiness.upgrade(config)
    mariadb_account.root(f"UPDATE `{database}`.MLMDEnv SET schema_version = 11")
    with raises_code("metadata_schema_version", match="install the release"):
        readiness.upgrade(config)
    assert mariadb_account.root(f"SELECT * FROM `{database}`.MLMDEnv") == [(11,)]
