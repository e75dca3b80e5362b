"""What the account may do on the database."""

import re
from collections.abc import Collection
from typing import Final

from pipeline.metadata import server

# Every run.
DATA: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
# The first run on an empty database.
TABLES: Final = (*DATA, "CREATE", "ALTER")
# Tables of an older version; tables that were left unfinished.
UPGRADE: Final = (*TABLES, "DROP", "INDEX")

_GRANT: Final = re.compile(r"GRANT (.+?) ON (\*|`(?:[^`]|``)+`)\.\* TO ")


def granted(connection: server.Connection, database: str) -> set[str]:
    """Privileges of `UPGRADE` that the account has on all tables of `database`."""
    return privileges_of(_grants(connection), database)


def lacking(
    connection: server.Connection, database: str, needed: Collection[str]
) -> tuple[str, ...]:
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


def _grants(connection: server.Connection) -> list[str]:
    """Lines of SHOW GRANTS, with those of the roles that are switched on."""
    statement = "SHOW GRANTS"
    [[version]] = server.query(connection, "SELECT VERSION()")
    if "mariadb" not in version.lower():  # MySQL lists a role, not what it gives
        [[roles]] = server.query(connection, "SELECT CURRENT_ROLE()")
        statement += f" FOR CURRENT_USER() USING {roles}" if roles != "NONE" else ""
    return [line for [line] in server.query(connection, statement)]


def _covers(pattern: str, database: str) -> bool:
    """Whether the database part of a grant, in which % and _ are wildcards, fits `database`."""
    if pattern == "*":
        return True
    parts = re.split(r"(\\.|%|_)", pattern[1:-1].replace("``", "`"))
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(part) or re.escape(part.removeprefix("\\")) for part in parts)
    return re.fullmatch(expression, database) is not None
