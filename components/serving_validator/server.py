"""The model server as a child process: the start itself is part of what is tried."""

import contextlib
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Final

from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from components.serving_validator.requests import Client

SERVER_MODULE: Final = "serving.model_server"  # by name: components import nothing of serving
_POLL_SECONDS: Final = 0.05
_SHUTDOWN_SECONDS: Final = 10.0
_LOG_TAIL_LINES: Final = 5


class ServerError(Exception):
    """The server did not start, did not load the model, or took too long.

    Attributes:
      code: Names the finding.
    """

    code = "server_failed"


@contextlib.contextmanager
def running(
    model_path: str, model_name: str, log_path: pathlib.Path, *, startup_timeout_seconds: float
) -> Iterator[Client]:
    """Serves a SavedModel in a child process for the length of the context.

    The child uses no GPU (this process may hold all of its memory), writes everything to
    `log_path`, and ends with the context or with this process, whichever comes first.

    Yields:
      A client of a model that is available.

    Raises:
      ServerError: There is none within the time-out.
    """
    deadline = time.monotonic() + startup_timeout_seconds
    with tempfile.TemporaryDirectory() as folder, log_path.open("wb") as log:
        port_file = pathlib.Path(folder) / "port"
        flags = ["--model_name", model_name, "--model_base_path", model_path, "--port", "0"]
        flags += ["--port_file", str(port_file), "--cpu_only", "--stop_at_stdin_end"]
        child = subprocess.Popen(
            [sys.executable, "-m", SERVER_MODULE, *flags],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            port = _wait_for_port(child, port_file, log_path, deadline)
            with contextlib.closing(Client(f"127.0.0.1:{port}", model_name)) as client:
                _wait_until_available(child, client, log_path, deadline)
                yield client
        finally:
            _end(child)


def _wait_for_port(
    child: "subprocess.Popen[bytes]", path: pathlib.Path, log: pathlib.Path, deadline: float
) -> int:
    while not path.exists():
        _check(child, log, deadline, "listen")
    return int(path.read_text(encoding="utf-8"))


def _wait_until_available(
    child: "subprocess.Popen[bytes]", client: Client, log: pathlib.Path, deadline: float
) -> None:
    while (state := client.state()) != ModelVersionStatus.AVAILABLE:
        if state == ModelVersionStatus.END:
            raise ServerError(f"the server could not load the model: {client.load_error()}")
        _check(child, log, deadline, "load the model")


def _check(child: "subprocess.Popen[bytes]", log: pathlib.Path, deadline: float, task: str) -> None:
    """Sleeps one step; raises if the child is gone or the time is up."""
    status = child.poll()
    if status is not None:
        raise ServerError(
            f"the server ended with status {status} before it could {task}: {tail(log)}"
        )
    if time.monotonic() > deadline:
        raise ServerError(f"the server took too long to {task}: raise startup_timeout_seconds")
    time.sleep(_POLL_SECONDS)


def tail(log: pathlib.Path) -> str:
    """The last lines of the server's log, in one."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return " | ".join([line.strip() for line in lines if line.strip()][-_LOG_TAIL_LINES:])


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.stdin is not None:
        child.stdin.close()
    child.terminate()
    try:
        child.wait(_SHUTDOWN_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
