"""Text that ML Metadata and our own statements must both read back."""

import contextlib

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.metadata import connection, server, transfer

TEXT = "Zürich/Ārgyll/影片/\U0001f3ac/back\\slash/'quote'"


@pytest.fixture(params=["utf8mb4", "latin1"])
def database(request, mariadb_account):
    name = mariadb_account.create_database()
    mariadb_account.root(f"ALTER DATABASE `{name}` CHARACTER SET {request.param}")
    return name


def test_every_byte_survives():
    assert transfer.encode(TEXT).encode("cp1252", "surrogateescape") == TEXT.encode()


def test_ml_metadata_and_our_statements_read_what_the_other_wrote(config):
    store = metadata_store.MetadataStore(connection.connection(config))
    kind = store.put_artifact_type(metadata_store_pb2.ArtifactType(name="Video"))
    theirs = metadata_store_pb2.Artifact(type_id=kind, uri=TEXT, name="theirs")
    [theirs.id] = store.put_artifacts([theirs])
    with contextlib.closing(server.connect(config.metadata, raw_text=True)) as link:
        link.select_db(config.metadata.database)
        rows = transfer.Database(link)
        assert [row["uri"] for row in rows.select("Artifact", "id", [theirs.id])] == [TEXT]
        ours = rows.insert("Artifact", {"type_id": kind, "uri": TEXT, "name": "ours"})
    assert store.get_artifacts_by_id([ours])[0].uri == TEXT
