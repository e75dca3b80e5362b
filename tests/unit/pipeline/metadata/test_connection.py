"""What ML Metadata's client is told."""

import pytest

from pipeline.config import load
from pipeline.metadata import connection


@pytest.fixture
def team(monkeypatch):
    monkeypatch.setenv("DEEPFAKE_METADATA_USERNAME", "alice")
    monkeypatch.setenv("DEEPFAKE_METADATA_PASSWORD", "hunter2")
    return {"metadata.backend": "mysql", "metadata.host": "db.example", "metadata.port": 3307}


def configured(overrides):
    return load.with_overrides(load.load("local"), overrides)


def test_a_file_lies_in_the_output_folder_unless_it_is_named(tmp_path):
    config = configured({"output": str(tmp_path)})
    assert connection.sqlite_path(config) == tmp_path / "metadata.db"
    named = configured({"metadata.sqlite": str(tmp_path / "elsewhere.db")})
    assert connection.connection(named).sqlite.filename_uri == str(tmp_path / "elsewhere.db")


def test_a_relative_folder_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert connection.sqlite_path(configured({"output": "here"})) == tmp_path / "here/metadata.db"


def test_a_server_gets_the_account_and_makes_no_database_by_itself(team):
    told = connection.connection(configured(team)).mysql
    assert (told.host, told.port, told.database) == ("db.example", 3307, "deepfake_metadata")
    assert (told.user, told.password) == ("alice", "hunter2")
    assert told.skip_db_creation
    assert not told.HasField("ssl_options")


def test_an_authority_switches_tls_on(team):
    told = connection.connection(configured(team | {"metadata.ca_file": "/etc/ca.pem"})).mysql
    assert told.ssl_options.ca == "/etc/ca.pem"
    assert not told.ssl_options.verify_server_cert  # its client would never connect
