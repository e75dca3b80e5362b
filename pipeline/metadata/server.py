"""The MariaDB or MySQL server: account, connection, rights, and the true cause where there is none.

ML Metadata's client answers a wrong password, a missing plugin and a server that is down with
the same empty message. PyMySQL is told to log in the way that client does: the same account, no
TLS unless `ca_file` asks for it, `mysql_native_password` and nothing else. Unlike that client it
verifies the server's certificate.
"""

import contextlib
import dataclasses
import functools
import os
import re
import ssl
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

import pymysql
from pymysql.constants import CR, ER

from pipeline.config.sections import PASSWORD_VARIABLE, USERNAME_VARIABLE, MetadataConfig
from schemas.errors import MetadataError, MetadataUnreachableError

_PLUGIN: Final = "mysql_native_password"
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
        raise MetadataError(
            "metadata_no_account",
            f"no account for the ML Metadata server: {' and '.join(missing)} not set; set"
            f" {USERNAME_VARIABLE} and {PASSWORD_VARIABLE} (in a cluster, the Secret"
            f" {config.secret} with the keys username and password fills them)",
        )
    return Account(username=values[USERNAME_VARIABLE], password=values[PASSWORD_VARIABLE])


def address(config: MetadataConfig) -> str:
    """`host:port`, for messages."""
    return f"{config.host}:{config.port}"


@contextlib.contextmanager
def database(config: MetadataConfig, *, raw_text: bool = False) -> Iterator[Connection]:
    """A connection whose current database is the configured one, closed in the end.

    Args:
      config: Names server and database.
      raw_text: Whether text columns come as bytes.

    Raises:
      MetadataError: The database cannot be used, or PyMySQL failed inside; the cause, by its code.
    """
    with contextlib.closing(connect(config, raw_text=raw_text)) as connection:
        _choose_database(connection, config)
        try:
            yield connection
        except pymysql.err.OperationalError as error:  # it went away in between
            _raise_cause(config, error)


def connect(config: MetadataConfig, *, raw_text: bool = False) -> Connection:
    """Logs in, without choosing a database; statements commit themselves.

    The connection speaks latin1, because ML Metadata's does; see `pipeline.metadata.transfer`.

    Args:
      config: Names the server.
      raw_text: Whether text columns come as bytes.

    Raises:
      MetadataError: The cause, by its code.
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
        _raise_cause(config, error)
    except (FileNotFoundError, ssl.SSLError) as error:
        # PyMySQL opens the authority's file before it connects.
        raise _untrusted(config, error) from error


def query(connection: Connection, statement: str, values: Iterable[object] = ()) -> list[Any]:
    """The rows that `statement` gives."""
    with connection.cursor() as cursor:
        cursor.execute(statement, tuple(values))
        return list(cursor.fetchall())


def _choose_database(connection: Connection, config: MetadataConfig) -> None:
    try:
        connection.select_db(config.database)
    except pymysql.err.MySQLError as error:
        number = error.args[0] if error.args else 0
        if number == ER.BAD_DB_ERROR:
            raise MetadataError(
                "metadata_no_database",
                f"no database {config.database!r} on the ML Metadata server {address(config)}; as"
                f" an administrator: CREATE DATABASE `{config.database}` CHARACTER SET utf8mb4"
                " COLLATE utf8mb4_bin (or check metadata.database)",
            ) from error
        if number == ER.DBACCESS_DENIED_ERROR:
            raise _missing_grants(config, TABLES) from error
        _raise_cause(config, error)


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
        raise _unsupported_authentication(self._username, self._plugin)


def _raise_cause(config: MetadataConfig, error: Exception) -> NoReturn:
    """Raises the MetadataError that PyMySQL's `error` amounts to."""
    username = read_account(config).username
    number = error.args[0] if error.args else 0
    text = str(error.args[-1]) if error.args else str(error)
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLError) or number == CR.CR_SSL_CONNECTION_ERROR:
        raise _untrusted(config, cause or text) from error
    if number in (CR.CR_AUTH_PLUGIN_CANNOT_LOAD, ER.NOT_SUPPORTED_AUTH_MODE):
        raise _unsupported_authentication(username, text) from error
    if number in _MAY_PASS:
        raise unreachable(config, str(cause or text)) from error
    needs_tls = "" if config.ca_file else "; an account that requires TLS needs metadata.ca_file"
    raise MetadataError(
        "metadata_access_denied",
        f"the ML Metadata server {address(config)} refuses the account {username!r} ({text}); check"
        f" {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}, and that the account may log in from"
        f" this host{needs_tls}",
    ) from error


def unreachable(config: MetadataConfig, reason: str) -> MetadataUnreachableError:
    """No answer from the server; `reason` is what the attempt to connect met."""
    return MetadataUnreachableError(
        "metadata_unreachable",
        f"no answer from the ML Metadata server {address(config)} ({reason}); check"
        " metadata.host and metadata.port, and that the server runs",
    )


def _untrusted(config: MetadataConfig, reason: object) -> MetadataError:
    return MetadataError(
        "metadata_certificate",
        f"no trusted connection to the ML Metadata server {address(config)} ({reason});"
        f" metadata.ca_file ({config.ca_file}) must hold the authority that signed the server's"
        " certificate, and metadata.host must be a name in it",
    )


def _unsupported_authentication(username: str, plugin: str) -> MetadataError:
    return MetadataError(
        "metadata_authentication_plugin",
        f"the account {username!r} logs in by {plugin}; ML Metadata's client knows only"
        f" {_PLUGIN}. As an administrator: ALTER USER '{username}'@'%' IDENTIFIED"
        f" WITH {_PLUGIN} BY '<password>' (MySQL 8.4 and later also need the option"
        f" --{_PLUGIN.replace('_', '-')}=ON; MySQL 9 has no such plugin: use MariaDB)",
    )


def _missing_grants(config: MetadataConfig, privileges: Collection[str]) -> MetadataError:
    names = ", ".join(privileges)
    username = read_account(config).username
    create_first = " (if there is no such database, create it first)"
    return MetadataError(
        "metadata_missing_grants",
        f"the account {username!r} lacks {names} on the database {config.database!r}; as an"
        f" administrator: GRANT {names} ON `{config.database}`.* TO '{username}'@'%'"
        f"{create_first if 'SELECT' in privileges else ''}",
    )


def require(connection: Connection, config: MetadataConfig, needed: Collection[str]) -> set[str]:
    """Privileges of `UPGRADE` that the account has on the configured database.

    Raises:
      MetadataError: `metadata_missing_grants`: One of `needed` is not among them; it names those
        that are missing, and the statement that grants them.
    """
    found = privileges_of(_grants(connection), config.database)
    missing = [privilege for privilege in needed if privilege not in found]
    if missing:
        raise _missing_grants(config, missing)
    return found


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
