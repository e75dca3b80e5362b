"""The MariaDB or MySQL server: account, connection, rights, and the true cause where there is none.

ML Metadata's client answers a wrong password, a missing plugin and a server that is down with
the same empty message. PyMySQL is told to log in the way that client does: the same account, no
TLS unless `ca_file` asks for it, `mysql_native_password` and nothing else. Unlike that client it
verifies the server's certificate.
"""

import dataclasses
import functools
import os
import re
import ssl
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NoReturn

import pymysql
from pymysql.constants import CR, ER

from pipeline.config.sections import PASSWORD_VARIABLE, USERNAME_VARIABLE, MetadataConfig
from pipeline.metadata import errors

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
# Every run.
DATA: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
# The first run on an empty database.
TABLES: Final = (*DATA, "CREATE", "ALTER")
# Tables of an older version; tables that were left unfinished.
UPGRADE: Final = (*TABLES, "DROP", "INDEX")
_GRANT: Final = re.compile(r"GRANT (.+?) ON (\*|`(?:[^`]|``)+`)\.\* TO ")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """Who logs in; its text form leaves the password out."""

    username: str
    password: str = dataclasses.field(repr=False)


def read_account(config: MetadataConfig, environment: Mapping[str, str] = os.environ) -> Account:
    """The account that the environment names.

    Raises:
      MetadataError: `metadata_no_account`: A variable is not set, or empty.
    """
    # A Secret written with a line end at its end is a common accident.
    values = {
        name: environment.get(name, "").rstrip("\r\n")
        for name in (USERNAME_VARIABLE, PASSWORD_VARIABLE)
    }
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise errors.missing_account(missing, config.secret)
    return Account(username=values[USERNAME_VARIABLE], password=values[PASSWORD_VARIABLE])


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
    account = read_account(config)
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
        raise errors.certificate(address(config), config.ca_file, str(error)) from error
    except ssl.SSLError as error:
        raise errors.certificate(address(config), config.ca_file, str(error)) from error


def query(connection: Connection, statement: str, values: Iterable[object] = ()) -> list[Any]:
    """The rows that `statement` gives."""
    with connection.cursor() as cursor:
        cursor.execute(statement, tuple(values))
        return list(cursor.fetchall())


def choose_database(connection: Connection, config: MetadataConfig, username: str) -> None:
    """Makes the configured database the current one.

    Raises:
      MetadataError: `metadata_no_database`: There is none of that name.
      MetadataError: `metadata_missing_grants`: The account may not use it.
    """
    try:
        connection.select_db(config.database)
    except pymysql.err.MySQLError as error:
        number = error.args[0] if error.args else 0
        if number == ER.BAD_DB_ERROR:
            raise errors.no_database(address(config), config.database) from error
        if number == ER.DBACCESS_DENIED_ERROR:
            needed = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER")
            raise errors.missing_grants(config.database, username, needed) from error
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
          MetadataError: `metadata_authentication_plugin`: Always.
        """
        raise errors.unsupported_authentication(self._username, self._plugin)


def raise_cause(config: MetadataConfig, username: str, error: Exception) -> NoReturn:
    """Raises the MetadataError that PyMySQL's `error` amounts to."""
    number = error.args[0] if error.args else 0
    text = str(error.args[-1]) if error.args else str(error)
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLError) or number == CR.CR_SSL_CONNECTION_ERROR:
        raise errors.certificate(address(config), config.ca_file, str(cause or text)) from error
    if number in (CR.CR_AUTH_PLUGIN_CANNOT_LOAD, ER.NOT_SUPPORTED_AUTH_MODE):
        raise errors.unsupported_authentication(username, text) from error
    if number in _MAY_PASS:
        raise errors.unreachable(address(config), str(cause or text)) from error
    encrypted = bool(config.ca_file)
    raise errors.access_denied(address(config), username, text, encrypted=encrypted) from error


def granted(connection: Connection, database: str) -> set[str]:
    """Privileges of `UPGRADE` that the account has on all tables of `database`."""
    return privileges_of(_grants(connection), database)


def lacking(connection: Connection, database: str, needed: Collection[str]) -> tuple[str, ...]:
    """Those of `needed` that the account does not have."""
    found = granted(connection, database)
    return tuple(privilege for privilege in needed if privilege not in found)


def privileges_of(grants: Collection[str], database: str) -> set[str]:
    """Privileges of `UPGRADE` that the lines of SHOW GRANTS give on `database`."""
    found: set[str] = set()
    for line in grants:
        match = _GRANT.match(line)
        if match and _covers(match[2], database):
            found.update(part.strip() for part in match[1].split(","))
    return set(UPGRADE) if "ALL PRIVILEGES" in found else found & set(UPGRADE)


def _grants(connection: Connection) -> list[str]:
    """Lines of SHOW GRANTS, with those of the roles that are switched on."""
    statement = "SHOW GRANTS"
    [[version]] = query(connection, "SELECT VERSION()")
    if "mariadb" not in version.lower():  # MySQL lists a role, not what it gives
        [[roles]] = query(connection, "SELECT CURRENT_ROLE()")
        statement += f" FOR CURRENT_USER() USING {roles}" if roles != "NONE" else ""
    return [line for [line] in query(connection, statement)]


def _covers(pattern: str, database: str) -> bool:
    """Whether the database part of a grant, in which % and _ are wildcards, fits `database`."""
    if pattern == "*":
        return True
    parts = re.split(r"(\\.|%|_)", pattern[1:-1].replace("``", "`"))
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(part) or re.escape(part.removeprefix("\\")) for part in parts)
    return re.fullmatch(expression, database) is not None
