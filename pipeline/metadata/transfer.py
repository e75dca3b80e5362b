"""Writes a snapshot into a store that may hold other runs: merges, and gives new ids.

Types and contexts are the same where their names are. Executions and artifacts are the same where
their marks are (`external_id`, see `snapshot`), so that a second copy adds only what is new.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pipeline.metadata import references
from pipeline.metadata.database import Database
from pipeline.metadata.snapshot import Row, Snapshot
from schemas.errors import MetadataError

# Which columns hold ids, and of which table.
REFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "Type": {},
    "TypeProperty": {"type_id": "Type"},
    "ParentType": {"type_id": "Type", "parent_type_id": "Type"},
    "Context": {"type_id": "Type"},
    "ContextProperty": {"context_id": "Context"},
    "ParentContext": {"context_id": "Context", "parent_context_id": "Context"},
    "Execution": {"type_id": "Type"},
    "ExecutionProperty": {"execution_id": "Execution"},
    "Artifact": {"type_id": "Type"},
    "ArtifactProperty": {"artifact_id": "Artifact"},
    "Event": {"artifact_id": "Artifact", "execution_id": "Execution"},
    "EventPath": {"event_id": "Event"},
    "Association": {"context_id": "Context", "execution_id": "Execution"},
    "Attribution": {"context_id": "Context", "artifact_id": "Artifact"},
}
# What tells two rows apart, in tables whose rows may already be there.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "TypeProperty": ("type_id", "name"),
    "ParentType": ("type_id", "parent_type_id"),
    "ContextProperty": ("context_id", "name", "is_custom_property"),
    "ExecutionProperty": ("execution_id", "name", "is_custom_property"),
    "ArtifactProperty": ("artifact_id", "name", "is_custom_property"),
    "ParentContext": ("context_id", "parent_context_id"),
    "Association": ("context_id", "execution_id"),
    "Attribution": ("context_id", "artifact_id"),
}
_RUN: Final = "pipeline_run"
# TFX ends the URI of an output with the id of its execution.
_NUMBERED: Final = re.compile(r".*/[0-9]+")


class Transfer:
    """One attempt, inside one transaction of the target.

    Attributes:
      ids: By table, id in the snapshot to id in the target.
      added: By table, ids in the snapshot of the rows that were not there; for tables without
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
        for table in KEYS:
            self._missing(table)
        self._events()

    def translated(self, table: str, row: Row) -> Row:
        """`row` with the ids of the target; its own id is left out."""
        translated = {name: value for name, value in row.items() if name != "id"}
        for column, referred in REFERENCES[table].items():
            translated[column] = self.ids[referred][row[column]]
        names_artifact = table == "ArtifactProperty" and row["name"] in references.ARTIFACT_IDS
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
        names = [row["name"] for row in rows]
        present = {
            key(row): row["id"]
            for row in self._database.select("Type", "name", names, for_update=True)
        }
        self._take("Type", {row["id"]: present.get(key(row)) for row in rows})

    def _contexts(self) -> None:
        found: dict[int, int | None] = {}
        for kind in {row["type_id"]: None for row in self._rows["Context"]}:
            rows = [row for row in self._rows["Context"] if row["type_id"] == kind]
            names = [row["name"] for row in rows]
            there = self._database.select(
                "Context", "name", names, type_id=self.ids["Type"][kind], for_update=True
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
        owner = KEYS[table][0]
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
    return tuple(row[column] for column in KEYS[table])


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
