"""One connection to the Kubeflow Pipelines API: address, credentials, errors people can act on.

kfp's own `Client` reads and writes files in the home folder, falls back to whatever cluster kubectl
points at, and prints. This is its generated layer (`kfp_server_api`) without it.
"""

import json
import logging
import pathlib
import re
import ssl
import urllib.parse
from typing import Any, Final

import kfp_server_api
import urllib3

from pipeline.config.clusters import KubeflowConfig
from pipeline.version import VERSION
from schemas.errors import (
    ClusterNotFoundError,
    ClusterRefusedError,
    ClusterUnreachableError,
    RunnerError,
)

_TIMEOUT_SECONDS: Final = (10, 60)  # to connect, to be answered
_MAX_MESSAGE: Final = 400
# "A run cannot have an empty namespace in multi-user mode", "Recurring run has no namespace", ...
_NAMESPACE_MISSING: Final = re.compile(
    r"\b(empty|no|invalid|required) namespace|namespace .*\b(empty|required)|multi-user", re.I
)


class Session(kfp_server_api.ApiClient):
    """Sends requests with the configured credentials; every failure is a ClusterError.

    The credential files are read for each request: a token that is renewed while a command waits
    is used, and none is kept.
    """

    def __init__(self, cluster: KubeflowConfig) -> None:
        self._cluster = cluster
        self.address = _address(cluster.host)
        configuration = kfp_server_api.Configuration(host=self.address)
        # The system's authorities, which a company adds its own to; certifi's where there are none.
        configuration.ssl_ca_cert = ssl.get_default_verify_paths().cafile
        # A redirect is a log-in page: following it would answer a request with HTML.
        configuration.retries = urllib3.Retry(
            total=2,
            redirect=False,
            backoff_factor=0.3,
            status_forcelist=(502, 503, 504),
            allowed_methods={"GET"},
            raise_on_status=False,
        )
        # It announces each retry on standard error.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
        super().__init__(configuration)
        self.user_agent = f"deepfake/{VERSION}"

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        post_params: Any = None,
        body: Any = None,
        _preload_content: bool = True,
        _request_timeout: Any = None,
    ) -> Any:
        """Sends one request; the generated classes call this.

        Raises:
          RunnerError: `cluster_error`: The cluster cannot be reached, or does not answer as asked.
        """
        try:
            response = super().request(
                method,
                url,
                query_params=query_params,
                headers={**(headers or {}), **self._credentials()},
                post_params=post_params,
                body=body,
                _preload_content=_preload_content,
                _request_timeout=_request_timeout or _TIMEOUT_SECONDS,
            )
        except kfp_server_api.ApiException as error:
            raise self._refusal(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        if _json(response.data) is None:
            raise self._foreign_answer(response.data)
        return response

    def _credentials(self) -> dict[str, str]:
        headers = {}
        if self._cluster.token_file:
            token = _read(self._cluster.token_file, "token_file")
            headers["authorization"] = f"Bearer {token.removeprefix('Bearer ')}"
        if self._cluster.cookies_file:
            cookies = _read(self._cluster.cookies_file, "cookies_file")
            headers["Cookie"] = cookies.removeprefix("Cookie: ")
        return headers

    def _refusal(self, error: kfp_server_api.ApiException) -> RunnerError:
        """The error for an answer with a status other than success."""
        said = _message(error.body)
        answer = f"{self.address} answers {error.status} {error.reason}" + (said and f": {said}")
        if error.status == 401:
            return RunnerError("not_signed_in", f"{answer}; {self._advice()}")
        if error.status == 403:
            where = (
                f" in the namespace {self._cluster.namespace}" if self._cluster.namespace else ""
            )
            return RunnerError(
                "access_denied", f"{answer}; {self._advice()}; or ask for rights{where}"
            )
        if 300 <= error.status < 400:
            return self._redirected(error)
        if not self._cluster.namespace and _NAMESPACE_MISSING.search(said):
            return RunnerError(
                "namespace_needed",
                f"{self.address} has profiles; set kubeflow.namespace to yours (it answers:"
                f" {said})",
            )
        if error.status == 404 and _json(error.body) is None:
            return self._not_the_api()
        if error.status in (502, 503, 504):
            return ClusterUnreachableError(
                "cluster_unreachable", f"{answer}; is the cluster up? try again later"
            )
        if error.status == 404:
            return ClusterNotFoundError("not_found", answer)
        return ClusterRefusedError("cluster_refused", answer)

    def _redirected(self, error: kfp_server_api.ApiException) -> RunnerError:
        target = urllib.parse.urlsplit((error.headers or {}).get("location", ""))
        ours = urllib.parse.urlsplit(self.address)
        upgraded = (ours.scheme, target.scheme) == ("http", "https")
        if upgraded and target.hostname == ours.hostname:
            return RunnerError(
                "bad_host",
                f"{self.address} wants https; set kubeflow.host to https://{ours.netloc}{ours.path}",
            )
        return RunnerError(
            "not_signed_in", f"{self.address} sends us to a log-in page; {self._advice()}"
        )

    def _foreign_answer(self, body: bytes) -> RunnerError:
        if re.search(rb"password|log.?in|sign.?in", body[:20_000], re.I):
            return RunnerError(
                "not_signed_in", f"{self.address} answers with a log-in page; {self._advice()}"
            )
        return self._not_the_api()

    def _not_the_api(self) -> RunnerError:
        return RunnerError(
            "not_the_api",
            f"{self.address} answers, but is not the Kubeflow Pipelines API; kubeflow.host is the"
            " part of its address before /apis (behind Kubeflow's dashboard it ends in /pipeline)",
        )

    def _advice(self) -> str:
        """What to do about credentials; names the files, never their contents."""
        named = {"token": self._cluster.token_file, "cookie": self._cluster.cookies_file}
        given = [f"the {kind} in {file}" for kind, file in named.items() if file]
        if not given:
            return "set kubeflow.token_file or kubeflow.cookies_file"
        return f"{' or '.join(given)} has expired or is wrong: log in and write a new one there"

    def _unreachable(self, error: urllib3.exceptions.HTTPError) -> RunnerError:
        cause = getattr(error, "reason", None) or error
        detail = str(cause).rpartition(": ")[2] or type(cause).__name__
        if isinstance(cause, urllib3.exceptions.SSLError):
            return ClusterUnreachableError(
                "cluster_unreachable",
                f"{self.address} shows a certificate that this machine does not trust ({detail});"
                " add its authority to the system's, or name it in SSL_CERT_FILE",
            )
        return ClusterUnreachableError(
            "cluster_unreachable",
            f"{self.address} does not answer ({detail}); check kubeflow.host, the network, and"
            " `kubectl port-forward` if you use it",
        )


def _address(host: str) -> str:
    """The address without its final slash.

    Raises:
      RunnerError: `no_host`: It is empty.
      RunnerError: `bad_host`: It is no address of an API, or holds a password.
    """
    if not host:
        raise RunnerError(
            "no_host",
            "no cluster is configured; set kubeflow.host to the address of the Kubeflow"
            " Pipelines API, in the configuration or with --set kubeflow.host=https://...",
        )
    parts = urllib.parse.urlsplit(host)
    if parts.username or parts.password:
        raise RunnerError(
            "bad_host", "kubeflow.host must not hold a user or password; use kubeflow.token_file"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise RunnerError(
            "bad_host",
            f"kubeflow.host must look like https://host or https://host/pipeline, got {host!r}",
        )
    return host.rstrip("/")


def _read(file: str, key: str) -> str:
    """The one line of a credential file.

    Raises:
      RunnerError: `credential_unreadable`: There is none. The message never quotes the file.
    """
    try:
        text = pathlib.Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise RunnerError(
            "credential_unreadable", f"cannot read {file} ({reason}); check kubeflow.{key}"
        ) from error
    if not text or not text.isascii() or not text.isprintable():
        raise RunnerError(
            "credential_unreadable",
            f"{file} must hold exactly one line of ASCII text; check kubeflow.{key}",
        )
    return text


def _json(body: bytes | str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(body or b"")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _message(body: bytes | str | None) -> str:
    """What the server says of an error, in one line; empty if it says nothing."""
    answer = _json(body) or {}
    texts = (answer.get(key) for key in ("message", "error_message", "error"))
    said = next((text for text in texts if isinstance(text, str) and text.strip()), "")
    line = said.strip().partition("\n")[0]
    return line if len(line) <= _MAX_MESSAGE else f"{line[:_MAX_MESSAGE]}..."
