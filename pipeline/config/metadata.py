"""Where ML Metadata keeps its records."""

import dataclasses
from typing import Final

from pipeline.config.checks import expect, expect_choice, expect_range

SQLITE: Final = "sqlite"
MYSQL: Final = "mysql"
BACKENDS: Final = (SQLITE, MYSQL)

# Environment variables of the account. In a cluster the Secret `metadata.secret` fills them.
USERNAME_VARIABLE: Final = "DEEPFAKE_METADATA_USERNAME"
PASSWORD_VARIABLE: Final = "DEEPFAKE_METADATA_PASSWORD"

_POSTGRESQL: Final = (
    "backend must not be postgresql: with ML Metadata 1.21 a backslash in any value breaks the SQL"
    " (and lets a crafted one run as SQL), two processes can register one type twice, and rows"
    " come back in any order, so that TFX swaps cached outputs and Pusher sees no blessing;"
    f" use one of {', '.join(BACKENDS)}"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetadataConfig:
    """The ML Metadata store: a file for one machine, a server for a team or a cluster.

    Attributes:
      backend: `sqlite`, or `mysql` for a MariaDB or MySQL server.
      sqlite: File; `<output>/metadata.db` if empty.
      host: Of the server.
      port: Of the server.
      database: On the server; `deepfake metadata upgrade` makes its tables.
      secret: Kubernetes Secret with the keys `username` and `password`. Steps get them as
        DEEPFAKE_METADATA_USERNAME and DEEPFAKE_METADATA_PASSWORD; elsewhere you set these.
      ca_file: PEM file of the authority that signed the server's certificate; no TLS if empty.
    """

    backend: str = SQLITE
    sqlite: str = ""
    host: str = ""
    port: int = 3306
    database: str = "deepfake_metadata"
    secret: str = "deepfake-metadata"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if self.backend in ("postgresql", "postgres"):
            raise ValueError(_POSTGRESQL)
        expect_choice("backend", self.backend, BACKENDS)
        expect_range(self, 1, 65535, "port")
        if self.backend == MYSQL:
            expect("host", bool(self.host), "given with the backend mysql", self.host)
            expect("database", bool(self.database), "given with the backend mysql", self.database)
            expect("sqlite", not self.sqlite, "empty with the backend mysql", self.sqlite)
