"""A server that requires TLS, with certificates made for the test."""

import datetime
import ipaddress
import pathlib
import tempfile

import pytest
from coded import raises_code
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ml_metadata.metadata_store import metadata_store

from pipeline.config import load
from pipeline.metadata import connection, readiness


class Authority:
    """Signs certificates, its own among them."""

    def __init__(self, folder, name):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.file = self._write(name, self._signed(self._name, self._key, constraints))

    def certify(self, host):
        """Files of a certificate for `host` and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return self._write("server", self._signed(subject, key, names)), self._write("key", private)

    def _signed(self, subject, key, extension):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        certificate = builder.add_extension(extension, critical=False)
        signed = certificate.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def _write(self, name, content):
        path = self._folder / f"{name}.pem"
        path.write_bytes(content)
        return path


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="module")
def server(mariadb, authority):
    """A second server, whose account must use TLS."""
    certificate, key = authority.certify(mariadb.host)
    with tempfile.TemporaryDirectory(prefix="mariadb-", dir=mariadb.folder.parent) as folder:
        server = type(mariadb)(
            pathlib.Path(folder),
            f"--ssl-ca={authority.file}",
            f"--ssl-cert={certificate}",
            f"--ssl-key={key}",
        )
        server.root(f"ALTER USER '{server.username}'@'%' REQUIRE SSL")
        yield server
        server.kill()


@pytest.fixture
def configured(server, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    settings = server.settings(server.create_database())

    def configured(**values):
        own = {f"metadata.{name}": str(value) for name, value in values.items()}
        return load.with_overrides(load.load("local"), settings | own)

    return configured


def test_a_server_with_the_right_certificate_is_used(configured, authority):
    config = configured(ca_file=authority.file)
    readiness.ensure_ready(config, patience_seconds=0)
    assert metadata_store.MetadataStore(connection.connection(config)).get_artifact_types() == []


def test_a_certificate_of_another_authority_is_refused(configured, tmp_path):
    other = Authority(tmp_path, "another")
    with raises_code("metadata_certificate", match="certificate verify failed"):
        readiness.ensure_ready(configured(ca_file=other.file), patience_seconds=0)


def test_a_certificate_for_another_host_is_refused(configured, authority):
    config = configured(ca_file=authority.file, host="localhost")
    with raises_code("metadata_certificate", match=r"localhost.*metadata\.host"):
        readiness.ensure_ready(config, patience_seconds=0)


def test_an_account_that_requires_tls_is_told_how_to_get_it(configured):
    with raises_code("metadata_access_denied", match=r"requires TLS needs metadata\.ca_file"):
        readiness.ensure_ready(configured(), patience_seconds=0)
