"""Entry point: listen first, then load, so that a client can watch the model's state."""

import pathlib
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

import grpc
import tensorflow as tf
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from schemas import files
from serving.model_server import grpc_api, settings
from serving.model_server.models import Model

SHUTDOWN_SECONDS = 5.0


def main(arguments: Sequence[str]) -> int:
    """Serves until SIGTERM or SIGINT; 1 if there is nothing to serve."""
    config = settings.parse(arguments)
    if config.cpu_only:
        tf.config.set_visible_devices([], "GPU")
    try:
        model = Model(config.model_name, config.model_base_path)
    except FileNotFoundError as error:
        print(f"model server: {error}", file=sys.stderr)
        return 1
    address = f"{config.host}:{config.port}"
    server, port = grpc_api.start(model, address, max_workers=config.max_workers)

    def stop(signal_number: int, frame: FrameType | None) -> None:
        del signal_number, frame
        server.stop(SHUTDOWN_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if config.stop_at_stdin_end:
        threading.Thread(target=_stop_at_stdin_end, args=(server,), daemon=True).start()
    if config.port_file:
        files.write(pathlib.Path(config.port_file), f"{port}\n")
    model.load()
    _print_status(model, config.host, port)
    server.wait_for_termination()
    return 0


def _stop_at_stdin_end(server: grpc.Server) -> None:
    """Stops when the process at the other end of standard input is gone, however it went."""
    sys.stdin.read()
    server.stop(SHUTDOWN_SECONDS)


def _print_status(model: Model, host: str, port: int) -> None:
    version, state, error = model.status
    line = (
        f"{model.name} version {version} is {ModelVersionStatus.State.Name(state)} at {host}:{port}"
    )
    print(f"{line}: {error}" if state == ModelVersionStatus.END else line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
