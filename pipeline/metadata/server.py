"""A connection to the MariaDB or MySQL server, and the true cause where there is none.

ML Metadata's client answers a wrong password, a missing plugin and a server that is down with
the same empty message. PyMySQL is told to log in the way that client does: the same account, no
TLS unless `ca_file` asks for it, `mysql_native_password` and nothing else. Unlike that client it
verifies the server's certificate.
"""

import functools
import ssl
from collections.abc import Iterable
from typing import Any, NoReturn

import pymysql
from pymysql.constants import CR, ER

from pipeline.config.metadata import MetadataConfig
from pipeline.metadata import errors, settings

# PyMySQL speaks some of these; ML Metadata's client speaks none.
_REFUSED_PLUGINS = (
    "caching_sha2_password",
    "sha256_password",
    "client_ed25519",
    "parsec",
    "dialog",
    "mysql_clear_password",
    "mysql_old_password",
    "auth_gssapi_client",
)
# A server that starts, stops or is full. Other numbers do not change by waiting.
_MAY_PASS = {
    CR.CR_CONNECTION_ERROR,
    CR.CR_CONN_HOST_ERROR,
    CR.CR_SERVER_GONE_ERROR,
    CR.CR_SERVER_LOST,
    ER.CON_COUNT_ERROR,
    ER.SERVER_SHUTDOWN,
}
_CONNECT_TIMEOUT_SECONDS = 10

Connection = Any  # PyMySQL is untyped
OperationalError = pymysql.err.OperationalError


def address(config: MetadataConfig) -> str:
    """`host:port`, for messages."""
    return f"{config.host}:{config.port}"


def connect(config: MetadataConfig, *, raw_text: bool = False) -> Connection:
    """Logs in, without choosing a database; statements commit themselves.

    The connection speaks latin1, because ML Metadata's does; see `pipeline.metadata.wire`.

    Args:
      config: Names the server.
      raw_text: Whether text columns come as bytes.

    Raises:
      MetadataError: The cause, by its class.
    """
    account = settings.account(config)
    try:
        return pymysql.connect(
            host=config.host,
            port=config.port,
            user=account.username,
            password=account.password,
            charset="latin1",
            use_unicode=not raw_text,
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            auth_plugin_map=_refusals(account.username),
            **_tls(config),
        )
    except pymysql.err.OperationalError as error:
        raise_cause(config, account.username, error)
    except FileNotFoundError as error:  # PyMySQL opens the authority's file before it connects
        raise errors.CertificateError(address(config), config.ca_file, str(error)) from error
    except ssl.SSLError as error:
        raise errors.CertificateError(address(config), config.ca_file, str(error)) from error


def query(connection: Connection, statement: str, values: Iterable[object] = ()) -> list[Any]:
    """The rows that `statement` gives."""
    with connection.cursor() as cursor:
        cursor.execute(statement, tuple(values))
        return list(cursor.fetchall())


def choose_database(connection: Connection, config: MetadataConfig, username: str) -> None:
    """Makes the configured database the current one.

    Raises:
      NoDatabaseError: There is none of that name.
      MissingGrantsError: The account may not use it.
    """
    try:
        connection.select_db(config.database)
    except pymysql.err.MySQLError as error:
        number = error.args[0] if error.args else 0
        if number == ER.BAD_DB_ERROR:
            raise errors.NoDatabaseError(address(config), config.database) from error
        if number == ER.DBACCESS_DENIED_ERROR:
            needed = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER")
            raise errors.MissingGrantsError(config.database, username, needed) from error
        raise_cause(config, username, error)


def _tls(config: MetadataConfig) -> dict[str, object]:
    if not config.ca_file:
        return {"ssl_disabled": True}
    return {"ssl_ca": config.ca_file, "ssl_verify_cert": True, "ssl_verify_identity": True}


def _refusals(username: str) -> dict[str, Any]:
    return {name: functools.partial(_Refusal, username, name) for name in _REFUSED_PLUGINS}


class _Refusal:
    """PyMySQL's handler of an authentication plugin that ML Metadata's client does not know."""

    def __init__(self, username: str, plugin: str, connection: Connection) -> None:
        self._username = username
        self._plugin = plugin

    def authenticate(self, packet: object) -> NoReturn:
        """Ends the log-in.

        Raises:
          UnsupportedAuthenticationError: Always.
        """
        raise errors.UnsupportedAuthenticationError(self._username, self._plugin)


def raise_cause(config: MetadataConfig, username: str, error: Exception) -> NoReturn:
    """Raises the MetadataError that PyMySQL's `error` amounts to."""
    number = error.args[0] if error.args else 0
    text = str(error.args[-1]) if error.args else str(error)
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLError) or number == CR.CR_SSL_CONNECTION_ERROR:
        raise errors.CertificateError(
            address(config), config.ca_file, str(cause or text)
        ) from error
    if number in (CR.CR_AUTH_PLUGIN_CANNOT_LOAD, ER.NOT_SUPPORTED_AUTH_MODE):
        raise errors.UnsupportedAuthenticationError(username, text) from error
    if number in _MAY_PASS:
        raise errors.UnreachableError(address(config), str(cause or text)) from error
    encrypted = bool(config.ca_file)
    raise errors.AccessDeniedError(address(config), username, text, encrypted=encrypted) from error
