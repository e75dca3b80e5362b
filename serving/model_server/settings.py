"""Settings of the model server: flags named as those of `tensorflow_model_server`."""

import argparse
import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What is served and where.

    Attributes:
      model_name: Name that requests give.
      model_base_path: Folder of numbered versions, or of one SavedModel.
      host: Address to listen on.
      port: gRPC port; 0 lets the system choose.
      port_file: File that gets the chosen port once the server listens; none if empty.
      cpu_only: Leave GPUs alone.
      stop_at_stdin_end: End when standard input does: a child must not outlive its parent.
      max_workers: Requests handled at once.
    """

    model_name: str
    model_base_path: str
    host: str = "127.0.0.1"
    port: int = 8500
    port_file: str = ""
    cpu_only: bool = False
    stop_at_stdin_end: bool = False
    max_workers: int = 4

    def __post_init__(self) -> None:
        if not self.model_name:
            raise ValueError(f"model_name must not be empty, got {self.model_name!r}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be in [0, 65535], got {self.port!r}")
        if self.max_workers < 1:
            raise ValueError(f"max_workers must be at least 1, got {self.max_workers!r}")


def parse(arguments: Sequence[str]) -> Settings:
    """Reads command-line flags; exits with status 2 and a message if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m serving.model_server",
        description="Serve one SavedModel over TensorFlow Serving's gRPC interface.",
    )
    parser.add_argument("--model_name", required=True, help="name that requests give")
    parser.add_argument(
        "--model_base_path",
        required=True,
        help="folder of numbered versions (the newest is served), or of one SavedModel",
    )
    parser.add_argument("--host", default=Settings.host, help="address to listen on")
    parser.add_argument("--port", type=int, default=Settings.port, help="gRPC port; 0 = any")
    parser.add_argument("--port_file", default="", help="file to write the chosen port to")
    parser.add_argument("--cpu_only", action="store_true", help="leave GPUs alone")
    parser.add_argument(
        "--stop_at_stdin_end", action="store_true", help="end when standard input does"
    )
    parser.add_argument("--max_workers", type=int, default=Settings.max_workers, help="at once")
    try:
        return Settings(**vars(parser.parse_args(arguments)))
    except ValueError as error:
        parser.error(str(error))
