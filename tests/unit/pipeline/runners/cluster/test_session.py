"""Credentials, and what a person reads when a cluster does not answer as asked."""

import dataclasses
import http.server
import ssl
import threading

import pytest
from coded import raises_code

from pipeline.config.clusters import KubeflowConfig
from pipeline.runners.cluster.client import Cluster
from schemas.errors import ClusterRefusedError, ClusterUnreachableError, RunnerError

HTML = {"Content-Type": "text/html"}
LIST = "pipeline_service_get_pipeline_by_name"


def look(config):
    return Cluster(config, "deepfake").uploaded.id()


@pytest.fixture
def config(kfp_server):
    return KubeflowConfig(host=kfp_server.address + "/")


@pytest.fixture
def token_file(tmp_path, config):
    """Writes a token; returns the configuration that names its file."""
    path = tmp_path / "token"

    def token_file(text):
        path.write_text(text)
        return dataclasses.replace(config, token_file=str(path))

    return token_file


def test_the_token_is_read_for_each_request(kfp_server, token_file):
    kfp_server.tokens = {"first", "second"}
    cluster = Cluster(token_file("first\n"), "deepfake")
    cluster.uploaded.id()
    token_file("Bearer second\n")
    cluster.uploaded.id()
    sent = [headers["authorization"] for _, headers in kfp_server.calls]
    assert sent == ["Bearer first", "Bearer second"]


def test_the_cookie_is_sent_as_the_file_has_it(kfp_server, tmp_path, config):
    kfp_server.cookies = {"authservice_session=abc; other=1"}
    file = tmp_path / "cookies"
    file.write_text("Cookie: authservice_session=abc; other=1\n")
    assert look(dataclasses.replace(config, cookies_file=str(file))) is None


def test_an_expired_token_names_its_file_and_not_itself(kfp_server, token_file):
    kfp_server.tokens = {"fresh"}
    with raises_code("not_signed_in") as caught:
        look(token_file("stale-and-secret"))
    message = str(caught.value)
    assert "401" in message
    assert "token in " in message
    assert "/token has expired or is wrong: log in and write a new one there" in message
    assert "there is no user identity header" in message
    assert "stale-and-secret" not in message


def test_no_credentials_at_all_names_the_keys(kfp_server, config):
    kfp_server.tokens = {"fresh"}
    with raises_code("not_signed_in", match=r"set kubeflow\.token_file or"):
        look(config)


@pytest.mark.parametrize("text", ["", "two\nlines", "sneaky\r\nHost: x", "schlüssel"])
def test_a_credential_file_that_is_no_single_line_is_not_sent(kfp_server, token_file, text):
    with raises_code("credential_unreadable") as caught:
        look(token_file(text))
    assert "must hold exactly one line" in str(caught.value)
    assert not text or text not in str(caught.value)
    assert kfp_server.calls == []


def test_a_missing_credential_file_is_named(config):
    with raises_code("credential_unreadable", match=r"nowhere \(No such file"):
        look(dataclasses.replace(config, cookies_file="nowhere"))


def test_missing_rights_are_told_apart_from_an_expired_token(kfp_server, token_file):
    body = b'{"error": "User x cannot list runs", "code": 7, "message": "User x cannot list runs"}'
    kfp_server.answers[LIST] = [(403, {"Content-Type": "application/json"}, body)]
    with raises_code("access_denied", match=r"User x cannot list runs; .*ask for"):
        look(token_file("t"))


def test_a_log_in_page_is_not_taken_for_an_answer(kfp_server, token_file):
    """kfp's client would make an object without values of it."""
    page = b"<html><title>Log in to Your Account</title></html>"
    for answer in ((200, HTML, page), (302, {"Location": "/dex/auth?state=s3cret"}, b"")):
        kfp_server.answers[LIST] = [answer]
        with raises_code("not_signed_in", match="log-in page; the token in") as caught:
            look(token_file("t"))
        assert "s3cret" not in str(caught.value)


def test_another_server_than_the_api_is_recognised(kfp_server, config):
    for answer in ((200, HTML, b"<html>Welcome to nginx</html>"), (404, HTML, b"not here")):
        kfp_server.answers[LIST] = [answer]
        with raises_code("not_the_api", match="before /apis"):
            look(config)


def test_http_where_the_cluster_wants_https_says_so(kfp_server, config):
    target = {"Location": config.host.replace("http:", "https:") + "apis/v2beta1/pipelines"}
    kfp_server.answers[LIST] = [(301, target, b"")]
    with raises_code("bad_host", match=r"set kubeflow\.host to https://127\.0\.0\.1"):
        look(config)


def test_a_moment_of_unavailability_passes_unnoticed(kfp_server, config):
    kfp_server.answers[LIST] = [(503, HTML, b"upstream connect error")]
    assert look(config) is None


def test_an_error_of_the_api_is_shown_in_one_line(kfp_server, config):
    stack = b'{"error_message": "Failed: name is odd\\ngoroutine 1 [running]:\\n...", "code": 3}'
    kfp_server.answers[LIST] = [(400, {"Content-Type": "application/json"}, stack)]
    with pytest.raises(ClusterRefusedError) as caught:
        look(config)
    assert str(caught.value).endswith("answers 400 Bad Request: Failed: name is odd")


def test_a_closed_port_is_unreachable():
    with pytest.raises(ClusterUnreachableError, match=r"does not answer \(.*refused\); check"):
        look(KubeflowConfig(host="http://127.0.0.1:9"))


def test_an_untrusted_certificate_is_refused(tmp_path, certificate):
    listener = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with pytest.raises(ClusterUnreachableError, match=r"does not trust .*SSL_CERT_FILE"):
            look(KubeflowConfig(host=f"https://127.0.0.1:{listener.server_port}"))
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


@pytest.fixture
def certificate(tmp_path):
    """A file with a key and a certificate for 127.0.0.1 that nobody has signed."""
    x509 = pytest.importorskip("cryptography.x509")
    import datetime

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(*form, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    ("host", "error", "message"),
    [
        ("", RunnerError, r"set kubeflow\.host to the address"),
        ("kubeflow.example", RunnerError, "must look like https://"),
        ("https://k/pipeline/#/runs", RunnerError, "must look like https://"),
        ("https://me:secret@k", RunnerError, "must not hold a user or password"),
    ],
)
def test_a_host_that_is_none_is_refused_before_anything_is_sent(host, error, message):
    with pytest.raises(error, match=message) as caught:
        look(KubeflowConfig(host=host))
    assert "secret" not in str(caught.value)
