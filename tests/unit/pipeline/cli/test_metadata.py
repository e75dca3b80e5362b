"""`deepfake metadata`, with a file and with the real server."""

import json

import click
import pytest
from coded import raises_code
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.cli import metadata
from pipeline.metadata import connection


@pytest.fixture
def call(capfd):
    """Calls `deepfake metadata ...` and returns what it printed."""

    def call(*arguments):
        metadata.metadata.main(args=list(arguments), prog_name="metadata", standalone_mode=False)
        return capfd.readouterr().out

    return call


@pytest.fixture
def on_server(mariadb_account):
    """Options that name an empty database of the server."""
    settings = mariadb_account.settings(mariadb_account.create_database())
    return [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]


@pytest.fixture
def developer(tmp_path):
    """A file with one ended execution and its model."""
    path = tmp_path / "mine" / "metadata.db"
    path.parent.mkdir()
    store = metadata_store.MetadataStore(connection.of_file(path))
    trainer = store.put_execution_type(pb.ExecutionType(name="Trainer"))
    kind = store.put_artifact_type(pb.ArtifactType(name="Model"))
    run = store.put_context_type(pb.ContextType(name="pipeline_run"))
    store.put_execution(
        pb.Execution(type_id=trainer, last_known_state=pb.Execution.COMPLETE),
        [(pb.Artifact(type_id=kind, uri="/laptop/model/1"), pb.Event(type=pb.Event.OUTPUT))],
        [pb.Context(type_id=run, name="run-1")],
    )
    return path


def test_check_shows_what_a_file_holds(call, developer):
    lines = dict(
        line.split(maxsplit=1)
        for line in call("check", "--output", str(developer.parent)).splitlines()
    )
    assert lines["backend"] == "sqlite"
    assert lines["store"] == str(developer)
    assert (lines["executions"], lines["artifacts"], lines["runs"]) == ("1", "1", "1")
    assert lines["tables"].startswith("version 10")


def test_check_of_nothing_makes_nothing(call, tmp_path):
    assert "none yet" in call("check", "--output", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_check_shows_the_server_the_account_and_its_privileges_but_no_password(
    call, on_server, mariadb_account
):
    assert "none yet" in call("check", *on_server)
    assert call("upgrade", *on_server) == "made the tables, version 10\n"
    text = call("check", *on_server)
    assert "MariaDB" in text
    assert "SELECT, INSERT, UPDATE, DELETE" in text
    assert mariadb_account.password not in text
    facts = json.loads(call("check", *on_server, "--json"))
    assert (facts["account"], facts["schema_version"]) == ("deepfake", 10)
    assert facts["counts"]["runs"] == 0


def test_upgrade_says_when_there_is_nothing_to_do(call, on_server):
    call("upgrade", *on_server)
    assert call("upgrade", *on_server) == "nothing to do: the tables have version 10\n"


def test_copy_says_what_it_added(call, on_server, developer):
    arguments = ("copy", "--from", str(developer), *on_server)
    text = call(*arguments, "--rewrite", "/laptop=/shared/me")
    assert "executions  1 added, 0 already there" in text
    assert "verified" in text
    again = json.loads(call(*arguments, "--json"))
    assert (again["added"]["Artifact"], again["already_there"]["Artifact"]) == (0, 1)
    assert '"runs": 1' in call("check", *on_server, "--json")


def test_what_is_wrong_with_the_store_is_one_line_without_the_librarys(
    call, on_server, monkeypatch, capfd
):
    monkeypatch.setenv("DEEPFAKE_METADATA_PASSWORD", "wrong-word")
    with raises_code("metadata_access_denied", match="refuses the account 'deepfake'") as caught:
        call("check", *on_server)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_an_override_without_a_value_is_echoed(call):
    with raises_code("bad_override", match=r"'metadata\.host'"):
        call("check", "--set", "metadata.host")


def test_copy_needs_to_know_from_where(call):
    with pytest.raises(click.MissingParameter, match="source"):
        call("copy")
