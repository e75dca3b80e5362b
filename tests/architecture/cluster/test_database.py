"""The database's files on a real MariaDB: its configuration, and back-up and restore."""

import dataclasses
import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from ml_metadata import errors, metadata_store
from ml_metadata.proto import metadata_store_pb2

PASSWORD = 'a "long" $pass\\word'
DATABASE = "deepfake_metadata"
START_SECONDS = 60.0

pytestmark = pytest.mark.skipif(
    not (shutil.which("mariadbd") and shutil.which("mariadb-dump")),
    reason="mariadb-server is not installed: the database's files cannot be tried",
)


@dataclasses.dataclass(frozen=True)
class Server:
    """A MariaDB on loopback, configured as in the cluster, with the account of its image."""

    socket: pathlib.Path
    port: int

    def root(self, sql: str) -> str:
        """Output of statements given by root."""
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "-N"]
        done = subprocess.run(
            command, input=sql, capture_output=True, text=True, timeout=30, check=True
        )
        return done.stdout.strip()

    def store(self) -> metadata_store.MetadataStore:
        """ML Metadata, connected as a step connects."""
        config = metadata_store_pb2.ConnectionConfig()
        config.mysql.host, config.mysql.port = "127.0.0.1", self.port
        config.mysql.user, config.mysql.password = "deepfake", PASSWORD
        config.mysql.database = DATABASE
        return metadata_store.MetadataStore(config)

    def script(
        self, path: pathlib.Path, backups: pathlib.Path, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a script of the CronJob, with the environment that its container has."""
        environment = {
            "PATH": os.environ["PATH"],
            "METADATA_HOST": "127.0.0.1",
            "METADATA_PORT": str(self.port),
            "METADATA_DATABASE": DATABASE,
            "METADATA_USERNAME": "deepfake",
            "MYSQL_PWD": PASSWORD,
            "BACKUP_FOLDER": str(backups),
            "KEEP_DAYS": "30",
        }
        return subprocess.run(
            ["bash", path],
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def server(folder, tmp_path_factory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("mariadb")
    data, user = place / "data", f"--user={getpass.getuser()}"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", user, "--skip-test-db"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Server(place / "server.sock", port)
    options = [f"--datadir={data}", f"--socket={found.socket}", f"--port={port}", user]
    options += ["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=32M"]
    with (place / "server.log").open("w") as log:
        process = subprocess.Popen(
            ["mariadbd", f"--defaults-file={folder}/base/metadata/mariadb.cnf", *options],
            stdout=log,
            stderr=log,
        )
    try:
        _await(process, found, place / "server.log")
        escaped = PASSWORD.replace("\\", "\\\\")
        # As the image's entry point does: all on this database, nothing beyond.
        found.root(
            f"CREATE DATABASE {DATABASE}; CREATE USER deepfake@'%' IDENTIFIED BY '{escaped}';"
            rf"GRANT ALL ON `deepfake\_metadata`.* TO deepfake@'%'"
        )
        yield found
    finally:
        process.terminate()
        process.wait(timeout=60)


def _await(process: "subprocess.Popen[bytes]", server: Server, log: pathlib.Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            server.root("SELECT 1")
        except subprocess.CalledProcessError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"MariaDB did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def type_id(server) -> int:
    """A type of contexts, made by the first connection, which makes the tables too."""
    return server.store().put_context_type(metadata_store_pb2.ContextType(name="pipeline_run"))


def _put(server: Server, type_id: int, name: str) -> None:
    server.store().put_contexts([metadata_store_pb2.Context(type_id=type_id, name=name)])


def _names(server: Server) -> set[str]:
    return {context.name for context in server.store().get_contexts()}


def test_a_server_with_the_shipped_configuration_uses_it(server):
    values = server.root("SELECT @@collation_server, @@max_allowed_packet, @@local_infile")
    assert values.split() == ["utf8mb4_bin", str(64 * 2**20), "0"]


def test_the_account_uses_what_ml_metadata_can(server, type_id):
    plugin = server.root("SELECT plugin FROM mysql.user WHERE user = 'deepfake'")
    assert plugin == "mysql_native_password"
    assert server.store().get_context_type("pipeline_run").id == type_id


def test_runs_whose_names_differ_in_case_only_stay_two(server, type_id):
    for name in ("Run-Ä-😀", "run-Ä-😀"):
        _put(server, type_id, name)
    assert {"Run-Ä-😀", "run-Ä-😀"} <= _names(server)
    with pytest.raises(errors.AlreadyExistsError):
        _put(server, type_id, "run-Ä-😀")


def test_a_backup_brings_back_what_was_lost_and_nothing_later(server, type_id, folder, tmp_path):
    _put(server, type_id, "kept \\ 'quoted' 😀")
    done = server.script(folder / "base/metadata/backup.sh", tmp_path)
    assert done.returncode == 0, done.stderr
    [dump] = tmp_path.iterdir()
    assert f"backup: {dump}, {dump.stat().st_size} bytes" in done.stdout
    assert dump.stat().st_mode & 0o077 == 0, "others could read it"
    before = _names(server)
    _put(server, type_id, "later")
    server.root(f"CREATE TABLE {DATABASE}.left_behind (a INT); DROP TABLE {DATABASE}.Artifact")
    done = server.script(folder / "base/metadata/restore.sh", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"restore: {dump} is back" in done.stdout
    assert _names(server) == before
    assert server.root(f"SHOW TABLES IN {DATABASE} LIKE 'left_behind'") == ""
    assert server.store().get_artifacts() == []


def test_old_backups_go_only_after_a_new_one_succeeded(server, type_id, folder, tmp_path):
    old = tmp_path / "deepfake-metadata-20250101T000000Z.sql.gz"
    other = tmp_path / "notes.txt"
    for path in (old, other):
        path.write_text("")
        os.utime(path, (0, 0))
    failed = server.script(folder / "base/metadata/backup.sh", tmp_path, MYSQL_PWD="wrong")
    assert failed.returncode != 0
    assert sorted(tmp_path.iterdir()) == sorted([old, other])
    done = server.script(folder / "base/metadata/backup.sh", tmp_path)
    assert f"backup: removed {old}" in done.stdout
    assert not old.exists()
    assert other.exists()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_broken_dump_leaves_the_database_as_it_is(server, type_id, folder, tmp_path):
    (tmp_path / "deepfake-metadata-20250101T000000Z.sql.gz").write_bytes(b"\x1f\x8b broken")
    before = _names(server)
    assert server.script(folder / "base/metadata/restore.sh", tmp_path).returncode != 0
    assert _names(server) == before


def test_a_dump_that_is_not_there_is_named_with_those_that_are(server, folder, tmp_path):
    (tmp_path / "deepfake-metadata-1.sql.gz").write_text("")
    script = folder / "base/metadata/restore.sh"
    done = server.script(script, tmp_path, RESTORE_FILE="/backup/missing.sql.gz")
    assert done.returncode == 1
    assert "no dump /backup/missing.sql.gz" in done.stderr
    assert "deepfake-metadata-1.sql.gz" in done.stderr
