"""Rows of the store on a server, read and written as ML Metadata would."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from pipeline.metadata import server, wire
from pipeline.metadata.snapshot import COLUMNS, Row

_CHUNK: Final = 500
# The only columns that hold bytes and no text.
_BINARY: Final = frozenset({"byte_value", "proto_value"})


class Database:
    """The current database of a connection whose text comes as bytes, inside a transaction."""

    def __init__(self, connection: server.Connection) -> None:
        self._connection = connection

    def insert(self, table: str, row: Row) -> int:
        """Writes one row and returns its id; without an `id` the server chooses it."""
        with self._connection.cursor() as cursor:
            cursor.execute(_insertion(table, list(row)), _values(row))
            return int(cursor.lastrowid)

    def insert_all(self, table: str, rows: Sequence[Row]) -> None:
        """Writes rows that have the same columns."""
        if rows:
            with self._connection.cursor() as cursor:
                cursor.executemany(_insertion(table, list(rows[0])), list(map(_values, rows)))

    def delete(self, table: str, identity: int) -> None:
        """Removes the row of that id."""
        server.query(self._connection, f"DELETE FROM `{table}` WHERE `id` = %s", [identity])

    def select(
        self,
        table: str,
        column: str,
        among: Iterable[object],
        *,
        type_id: int | None = None,
        for_update: bool = False,
    ) -> Iterator[Row]:
        """Rows whose `column` is one of `among`, with the columns of `COLUMNS`, by their order.

        Args:
          table: Of `COLUMNS`.
          column: Of that table.
          among: Values.
          type_id: Only rows of this type.
          for_update: Whether nobody else may change or add such rows until the transaction ends.
        """
        columns = COLUMNS[table]
        names = ", ".join(f"`{name}`" for name in columns)
        order = " ORDER BY `id`" if "id" in columns else ""
        lock = " FOR UPDATE" if for_update else ""
        typed = "" if type_id is None else f" AND `type_id` = {type_id:d}"
        wanted = sorted(set(among), key=str)
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            marks = ", ".join(["%s"] * len(chunk))
            statement = (
                f"SELECT {names} FROM `{table}` WHERE `{column}` IN ({marks}){typed}{order}{lock}"
            )
            encoded = [_encoded(column, value) for value in chunk]
            for values in server.query(self._connection, statement, encoded):
                pairs = zip(columns, values, strict=True)
                yield {name: _decoded(name, value) for name, value in pairs}

    def highest(self, table: str) -> int:
        """The highest id of a table; 0 if it is empty."""
        [[found]] = server.query(self._connection, f"SELECT MAX(`id`) FROM `{table}`")
        return int(found or 0)

    def commit(self) -> None:
        """Makes everything since the last commit visible, at once."""
        self._connection.commit()

    def rollback(self) -> None:
        """Forgets everything since the last commit."""
        self._connection.rollback()


def _insertion(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f"`{name}`" for name in columns)
    return f"INSERT INTO `{table}` ({names}) VALUES ({', '.join(['%s'] * len(columns))})"


def _values(row: Row) -> tuple[object, ...]:
    return tuple(_encoded(column, value) for column, value in row.items())


def _encoded(column: str, value: object) -> object:
    if column in _BINARY or not isinstance(value, str):
        return value
    return wire.encode(value)


def _decoded(column: str, value: Any) -> Any:
    return wire.decode(value) if isinstance(value, bytes) and column not in _BINARY else value
