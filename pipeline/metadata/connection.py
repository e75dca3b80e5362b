"""How ML Metadata connects: the configuration and the environment, as its client wants them."""

import pathlib

from ml_metadata.proto import metadata_store_pb2

from pipeline.config.sections import MYSQL, MetadataConfig
from pipeline.config.tree import PipelineConfig
from pipeline.metadata import server

SQLITE_FILE = "metadata.db"


def connection(config: PipelineConfig) -> metadata_store_pb2.ConnectionConfig:
    """The store of `config`. It may hold a password: write it nowhere.

    Raises:
      MetadataError: `metadata_no_account`: The store is on a server and the environment names no
        account.
    """
    if config.metadata.backend == MYSQL:
        return _mysql(config.metadata)
    return of_file(sqlite_path(config))


def of_file(path: pathlib.Path) -> metadata_store_pb2.ConnectionConfig:
    """A store in an SQLite file, which is made if there is none."""
    store = metadata_store_pb2.ConnectionConfig()
    store.sqlite.filename_uri = str(path)
    store.sqlite.connection_mode = (
        metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    )
    return store


def sqlite_path(config: PipelineConfig) -> pathlib.Path:
    """Absolute path of the store's file, for the backend sqlite."""
    path = config.metadata.sqlite or pathlib.Path(config.output) / SQLITE_FILE
    return pathlib.Path(path).absolute()


def _mysql(config: MetadataConfig) -> metadata_store_pb2.ConnectionConfig:
    account = server.read_account(config)
    store = metadata_store_pb2.ConnectionConfig()
    store.mysql.host = config.host
    store.mysql.port = config.port
    store.mysql.database = config.database
    store.mysql.user = account.username
    store.mysql.password = account.password
    # A misspelt name must not become a database.
    store.mysql.skip_db_creation = True
    if config.ca_file:
        # With this its client encrypts, and trusts any certificate; with verify_server_cert it
        # never connects (ML Metadata 1.21). `pipeline.metadata.server` verifies just before.
        store.mysql.ssl_options.ca = config.ca_file
    return store
