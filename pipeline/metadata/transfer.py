"""Writes a snapshot into a store that may hold other runs: merges, and gives new ids.

Types and contexts are the same where their names are. Executions and artifacts are the same where
their marks are (`external_id`, see `snapshot`), so that a second copy adds only what is new.

Text is written as ML Metadata puts it on the wire: its client says that it speaks latin1 and sends
UTF-8, so whatever the character set of the database, only a client that does the same reads back
what it wrote. MySQL's latin1 is Windows code page 1252 with every byte defined; Python's leaves
five undefined, hence the surrogates.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline.metadata import server
from pipeline.metadata.snapshot import TABLES, Row, Snapshot
from schemas import names
from schemas.errors import MetadataError

_CHUNK: Final = 500
# The only columns that hold bytes and no text.
_BINARY: Final = frozenset({"byte_value", "proto_value"})
_RUN: Final = "pipeline_run"
# TFX ends the URI of an output with the id of its execution.
_NUMBERED: Final = re.compile(r".*/[0-9]+")


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
        """Rows whose `column` is one of `among`, with the columns of `TABLES`, in id order.

        Args:
          table: A name in `TABLES`.
          column: One of its columns.
          among: Values to look for.
          type_id: Only rows of this type.
          for_update: Whether nobody else may change or add such rows until the transaction ends.
        """
        columns = TABLES[table].columns
        listed = ", ".join(f"`{name}`" for name in columns)
        order = " ORDER BY `id`" if "id" in columns else ""
        lock = " FOR UPDATE" if for_update else ""
        typed = "" if type_id is None else f" AND `type_id` = {type_id:d}"
        wanted = sorted(set(among), key=str)
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            marks = ", ".join(["%s"] * len(chunk))
            statement = (
                f"SELECT {listed} FROM `{table}` WHERE `{column}` IN ({marks}){typed}{order}{lock}"
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
    listed = ", ".join(f"`{name}`" for name in columns)
    return f"INSERT INTO `{table}` ({listed}) VALUES ({', '.join(['%s'] * len(columns))})"


def _values(row: Row) -> tuple[object, ...]:
    return tuple(_encoded(column, value) for column, value in row.items())


def _encoded(column: str, value: object) -> object:
    return encode(value) if isinstance(value, str) and column not in _BINARY else value


def _decoded(column: str, value: Any) -> Any:
    return value.decode("utf-8") if isinstance(value, bytes) and column not in _BINARY else value


def encode(text: str) -> str:
    """What a statement must hold on a latin1 connection, to mean `text` to ML Metadata."""
    return text.encode("utf-8").decode("cp1252", "surrogateescape")


class Transfer:
    """One attempt, inside one transaction of the target.

    Attributes:
      ids: By table, the id in the target of each id in the snapshot.
      added: By table, the ids in the snapshot of rows that were not there; for tables without
        ids the number of them, as a range.
    """

    def __init__(self, snapshot: Snapshot, database: Database) -> None:
        self._rows = snapshot.rows
        self._run_types = {row["id"] for row in self._rows["Type"] if row["name"] == _RUN}
        self._max_execution_id = snapshot.max_execution_id
        self._database = database
        self.ids: dict[str, dict[int, int]] = {}
        self.added: dict[str, set[int]] = {}

    def run(self) -> None:
        """Writes everything that the target lacks.

        Raises:
          MetadataError: `metadata_copy_conflict`: Both stores hold something that cannot be both.
        """
        self._types()
        self._contexts()
        self._reserve_execution_ids()
        self._marked("Execution")
        self._marked("Artifact")
        for name, table in TABLES.items():
            if table.key:
                self._missing(name)
        self._events()

    def translated(self, table: str, row: Row) -> Row:
        """`row` with the ids of the target; its own id is left out."""
        translated = {name: value for name, value in row.items() if name != "id"}
        for column, referred in TABLES[table].refers.items():
            translated[column] = self.ids[referred][row[column]]
        names_artifact = table == "ArtifactProperty" and row["name"] in names.ARTIFACT_ID_PROPERTIES
        if names_artifact and row["int_value"]:
            translated["int_value"] = self._artifact_named_by(row)
        return translated

    def _artifact_named_by(self, row: Row) -> int:
        named = self.ids["Artifact"].get(row["int_value"])
        if named is None:
            raise MetadataError(
                "metadata_copy_conflict",
                f"artifact {row['artifact_id']} names artifact {row['int_value']} as its"
                f" {row['name']}, which the file does not have; nothing was copied",
            )
        return named

    def _types(self) -> None:
        def key(row: Row) -> tuple[object, ...]:
            return row["name"], row["version"], row["type_kind"]

        rows = self._rows["Type"]
        there = self._database.select(
            "Type", "name", (row["name"] for row in rows), for_update=True
        )
        present = {key(row): row["id"] for row in there}
        self._take("Type", {row["id"]: present.get(key(row)) for row in rows})

    def _contexts(self) -> None:
        found: dict[int, int | None] = {}
        for kind in {row["type_id"]: None for row in self._rows["Context"]}:
            rows = [row for row in self._rows["Context"] if row["type_id"] == kind]
            there = self._database.select(
                *("Context", "name", [row["name"] for row in rows]),
                type_id=self.ids["Type"][kind],
                for_update=True,
            )
            present = {row["name"]: row for row in there}
            if kind in self._run_types:
                _expect_same_runs(rows, present)
            found.update((row["id"], present.get(row["name"], {}).get("id")) for row in rows)
        self._take("Context", found)

    def _reserve_execution_ids(self) -> None:
        """Lets the target's next executions have ids that the file's never had.

        TFX names output folders by them: where both stores write below one folder, a new run
        would else write into the folders of the copied one.
        """
        if self._database.highest("Execution") < self._max_execution_id:
            place = {"id": self._max_execution_id, "type_id": 0}
            self._database.insert("Execution", place)
            self._database.delete("Execution", self._max_execution_id)

    def _marked(self, table: str) -> None:
        marks = {row["external_id"]: row["id"] for row in self._rows[table]}
        there = self._database.select(table, "external_id", marks)
        present = {marks[row["external_id"]]: row["id"] for row in there}
        found = {row["id"]: present.get(row["id"]) for row in self._rows[table]}
        if table == "Artifact":
            self._expect_free([row for row in self._rows[table] if found[row["id"]] is None])
        self._take(table, found)

    def _expect_free(self, rows: Sequence[Row]) -> None:
        """Refuses outputs whose folder is another artifact's in the target."""
        uris = {row["uri"] for row in rows if row["uri"] and _NUMBERED.fullmatch(row["uri"])}
        taken = uris & {row["uri"] for row in self._database.select("Artifact", "uri", uris)}
        if taken:
            raise MetadataError(
                "metadata_copy_conflict",
                f"the store already has another artifact at {min(taken)}; move the files to a"
                " folder of their own and say so with --rewrite; nothing was copied",
            )

    def _take(self, table: str, found: Mapping[int, int | None]) -> None:
        """Notes the ids of rows that are there, and writes the others."""
        self.ids[table] = {own: there for own, there in found.items() if there is not None}
        self.added[table] = set(found) - set(self.ids[table])
        for row in self._rows[table]:
            if row["id"] in self.added[table]:
                self.ids[table][row["id"]] = self._database.insert(
                    table, self.translated(table, row)
                )

    def _missing(self, table: str) -> None:
        """Writes the rows whose keys the target lacks, in a table without ids."""
        rows = [self.translated(table, row) for row in self._rows[table]]
        owner = TABLES[table].owner
        there = {
            _key(table, row): row
            for row in self._database.select(table, owner, (row[owner] for row in rows))
        }
        if table == "TypeProperty":
            _expect_same_kinds(rows, there)
        lacking = [row for row in rows if _key(table, row) not in there]
        self._database.insert_all(table, lacking)
        self.added[table] = set(range(len(lacking)))

    def _events(self) -> None:
        """Writes the events of executions that were not there, with their paths."""
        self.ids["Event"] = {}
        for row in self._rows["Event"]:
            if row["execution_id"] in self.added["Execution"]:
                self.ids["Event"][row["id"]] = self._database.insert(
                    "Event", self.translated("Event", row)
                )
        self.added["Event"] = set(self.ids["Event"])
        paths = [row for row in self._rows["EventPath"] if row["event_id"] in self.ids["Event"]]
        self._database.insert_all("EventPath", [self.translated("EventPath", p) for p in paths])
        self.added["EventPath"] = set(range(len(paths)))


def _key(table: str, row: Row) -> tuple[object, ...]:
    return tuple(row[column] for column in TABLES[table].key)


def _expect_same_runs(rows: Iterable[Row], there: Mapping[str, Row]) -> None:
    created = "create_time_since_epoch"
    for row in rows:
        if row["name"] in there and there[row["name"]][created] != row[created]:
            raise MetadataError(
                "metadata_copy_conflict",
                f"both stores have a run {row['name']}, and they are not the same run;"
                " nothing was copied",
            )


def _expect_same_kinds(rows: Iterable[Row], there: Mapping[tuple[object, ...], Row]) -> None:
    for row in rows:
        same = there.get(_key("TypeProperty", row))
        if same and same["data_type"] != row["data_type"]:
            raise MetadataError(
                "metadata_copy_conflict",
                f"both stores have a type with the property {row['name']}, of different kinds"
                f" ({same['data_type']} and {row['data_type']}); nothing was copied",
            )
