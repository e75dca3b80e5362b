"""Log-ins that ML Metadata's client could not make: the cause is found at the handshake."""

import socket
import struct
import threading

import pymysql
import pytest
from coded import raises_code

from pipeline.config.sections import MetadataConfig
from pipeline.metadata import server
from schemas.errors import MetadataUnreachableError

_CAPABILITIES = 0x0008AA0D | 0x00080000 | 0x00008000 | 0x200  # 4.1, secure, plugins
_SALT = bytes(range(1, 21))


@pytest.fixture
def server_that_wants(monkeypatch):
    """Starts a server that greets as MySQL does and asks for another plugin; gives its settings.

    MariaDB has no caching_sha2_password, so the first packets of MySQL are played here. The
    client is the real one.
    """
    monkeypatch.setenv("DEEPFAKE_METADATA_USERNAME", "alice")
    monkeypatch.setenv("DEEPFAKE_METADATA_PASSWORD", "hunter2")
    listening = socket.create_server(("127.0.0.1", 0))

    def start(greeting, answer):
        def serve():
            link, _ = listening.accept()
            with link:
                link.sendall(_packet(0, _greeting(greeting)))
                link.recv(4096)
                link.sendall(_packet(2, answer))
                link.recv(4096)

        threading.Thread(target=serve, daemon=True).start()
        port = listening.getsockname()[1]
        return MetadataConfig(backend="mysql", host="127.0.0.1", port=port)

    yield start
    listening.close()


def _packet(number, payload):
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def _greeting(plugin):
    low, high = _CAPABILITIES & 0xFFFF, _CAPABILITIES >> 16
    head = b"\x0a8.4.0\0" + struct.pack("<I", 1) + _SALT[:8] + b"\0"
    middle = struct.pack("<HBHHB", low, 45, 2, high, 21) + bytes(10)
    return head + middle + _SALT[8:] + b"\0" + plugin.encode() + b"\0"


def _switch(plugin):
    return b"\xfe" + plugin.encode() + b"\0" + _SALT + b"\0"


@pytest.mark.parametrize("plugin", ["caching_sha2_password", "sha256_password", "client_ed25519"])
def test_a_server_that_switches_to_another_plugin_is_understood(server_that_wants, plugin):
    config = server_that_wants("mysql_native_password", _switch(plugin))
    with raises_code("metadata_authentication_plugin", match=f"alice.*{plugin}.*ALTER USER"):
        server.connect(config)


def test_a_server_that_starts_with_caching_sha2_is_understood(server_that_wants):
    config = server_that_wants("caching_sha2_password", b"\x01\x04")  # full authentication
    with raises_code("metadata_authentication_plugin", match="caching_sha2_password"):
        server.connect(config)


def test_an_account_with_another_plugin_of_mariadb_is_understood(mariadb, account_with, config):
    try:
        mariadb.root("INSTALL SONAME 'auth_ed25519'")
    except pymysql.err.OperationalError:
        pytest.skip("the server has no ed25519 plug-in (Debian's mariadb-server brings it)")
    try:
        account_with("ALL", config.metadata.database, "VIA ed25519 USING PASSWORD('a-password')")
        with raises_code("metadata_authentication_plugin") as caught:
            server.connect(config.metadata)
    finally:
        mariadb.root("UNINSTALL SONAME 'auth_ed25519'")
    assert caught.value.code == "metadata_authentication_plugin"
    assert "a-password" not in str(caught.value)


def test_an_authority_that_is_no_file_is_named(config, tmp_path):
    trusted = MetadataConfig(
        backend="mysql",
        host=config.metadata.host,
        port=config.metadata.port,
        ca_file=str(tmp_path / "ca.pem"),
    )
    with raises_code("metadata_certificate", match=r"ca\.pem"):
        server.connect(trusted)


def test_a_server_that_goes_away_in_between_is_told_as_such(config):
    with (
        pytest.raises(MetadataUnreachableError, match=r"127\.0\.0\.1.*Lost connection"),
        server.database(config.metadata),
    ):
        raise pymysql.err.OperationalError(2013, "Lost connection")


def test_the_connection_is_closed_in_the_end(config):
    with server.database(config.metadata) as link:
        [[current]] = server.query(link, "SELECT DATABASE()")
    assert (current, link.open) == (config.metadata.database, False)
