"""A developer's history joins the team's: new ids, nothing lost, nothing twice, all or nothing."""

import re

import pymysql
import pytest
from coded import raises_code
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.config import load
from pipeline.metadata import copying, schema, snapshot, transfer
from schemas.errors import MetadataUnreachableError


def counts(mariadb, database):
    names = [name for name in schema.TABLES if name != "MLMDEnv"]
    counted = (mariadb.root(f"SELECT COUNT(*) FROM `{database}`.`{name}`") for name in names)
    return {name: count for name, [[count]] in zip(names, counted, strict=True)}


def by_uri(store):
    return {artifact.uri: artifact for artifact in store.get_artifacts()}


def test_a_copy_joins_runs_of_both_under_the_contexts_they_share(source, team, config):
    path, developer = source
    team.run("team-1", "/team")
    developer.run("mine-1", "/mine")
    copying.copy(config, path)
    [pipeline] = team.store.get_contexts_by_type("pipeline")
    runs = team.store.get_children_contexts_by_context(pipeline.id)
    assert {run.name for run in runs} == {"team-1", "mine-1"}
    assert len(team.store.get_executions_by_context(pipeline.id)) == 4
    names = [kind.name for kind in team.store.get_artifact_types()]
    assert sorted(names) == ["Model", "ModelBlessing"]


def test_ids_are_new_and_everything_follows_them(source, team, config):
    path, developer = source
    team.run("team-1", "/team")
    own_model, _ = developer.run("mine-1", "/mine")
    copying.copy(config, path)
    found = by_uri(team.store)
    model, blessing = found["/mine/Trainer/model/1"], found["/mine/Evaluator/blessing/2"]
    assert model.id != own_model
    assert blessing.custom_properties["current_model_id"].int_value == model.id
    assert blessing.custom_properties["note"].string_value == "gut geprüft"
    assert (model.properties["span"].int_value, model.properties["score"].double_value) == (
        7,
        0.625,
    )
    events = team.store.get_events_by_artifact_ids([model.id])
    assert {(e.type, e.path.steps[0].key, e.path.steps[1].index) for e in events} == {
        (pb.Event.OUTPUT, "model", 0),
        (pb.Event.INPUT, "model", 0),
    }
    [run] = [c for c in team.store.get_contexts_by_artifact(model.id) if c.name == "mine-1"]
    assert run.name == "mine-1"


def test_times_and_states_are_kept(source, team, config):
    path, developer = source
    developer.run("mine-1", "/mine")
    [before] = [e for e in developer.store.get_executions() if e.name == "Trainer-mine-1"]
    copying.copy(config, path)
    [after] = [e for e in team.store.get_executions() if e.name == "Trainer-mine-1"]
    kept = ("create_time_since_epoch", "last_update_time_since_epoch", "last_known_state")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]


def test_a_second_copy_adds_nothing_and_a_later_one_only_what_is_new(
    source, team, config, mariadb, database
):
    path, developer = source
    developer.run("mine-1", "/mine")
    assert copying.copy(config, path).added["Execution"] == 2
    once = counts(mariadb, database)
    again = copying.copy(config, path)
    assert set(again.added.values()) == {0}
    assert counts(mariadb, database) == once
    developer.run("mine-2", "/mine")
    later = copying.copy(config, path)
    assert (later.added["Execution"], later.already_there["Execution"]) == (2, 2)
    assert (later.added["Artifact"], later.already_there["Artifact"]) == (2, 2)


def test_what_the_team_did_with_a_copy_does_not_bring_it_in_twice(source, team, config):
    """MLMD writes artifacts whole when a cached output is used again."""
    path, developer = source
    developer.run("mine-1", "/mine")
    copying.copy(config, path)
    team.store.put_artifacts(team.store.get_artifacts())
    assert copying.copy(config, path).added["Artifact"] == 0


def test_an_execution_that_has_not_ended_stays_behind_until_it_has(source, team, config):
    path, developer = source
    developer.run("mine-1", "/mine")
    developer.run("mine-2", "/mine", state=pb.Execution.RUNNING)
    report = copying.copy(config, path)
    assert (report.num_open, report.added["Execution"], report.added["Artifact"]) == (2, 2, 2)
    still_open = [
        execution
        for execution in developer.store.get_executions()
        if execution.last_known_state == pb.Execution.RUNNING
    ]
    for execution in still_open:
        execution.last_known_state = pb.Execution.COMPLETE
    developer.store.put_executions(still_open)
    report = copying.copy(config, path)
    assert (report.num_open, report.added["Execution"], report.added["Artifact"]) == (0, 2, 2)


def test_moved_files_are_found_where_they_are_now(source, team, config):
    path, developer = source
    developer.run("mine-1", "/laptop")
    copying.copy(config, path, ["/laptop=/shared/me"])
    found = by_uri(team.store)
    assert set(found) == {"/shared/me/Trainer/model/1", "/shared/me/Evaluator/blessing/2"}
    blessing = found["/shared/me/Evaluator/blessing/2"]
    assert blessing.custom_properties["current_model"].string_value == "/shared/me/Trainer/model/1"


def test_new_executions_get_ids_that_the_file_never_had(source, team, config):
    """Else a run of the team that shares the folder would write into the copied outputs."""
    path, developer = source
    for number in range(5):
        developer.run(f"mine-{number}", "/mine", state=pb.Execution.RUNNING)
    copying.copy(config, path)
    model, _ = team.run("team-1", "/team")
    [event] = [
        event
        for event in team.store.get_events_by_artifact_ids([model])
        if event.type == pb.Event.OUTPUT
    ]
    assert event.execution_id > 10


def test_two_artifacts_in_one_folder_are_a_conflict(source, team, config, mariadb, database):
    path, developer = source
    team.run("team-1", "/shared")
    developer.run("mine-1", "/shared")
    before = counts(mariadb, database)
    with raises_code("metadata_copy_conflict", match=r"/shared/.*--rewrite"):
        copying.copy(config, path)
    assert counts(mariadb, database) == before


def test_two_runs_of_one_name_are_a_conflict(source, team, config, mariadb, database):
    path, developer = source
    team.run("run-1", "/team")
    developer.run("run-1", "/mine")
    before = counts(mariadb, database)
    with raises_code("metadata_copy_conflict", match="both stores have a run run-1"):
        copying.copy(config, path)
    assert counts(mariadb, database) == before


def test_types_that_cannot_be_one_are_a_conflict(source, team, config):
    path, developer = source
    team.store.put_artifact_type(pb.ArtifactType(name="Model", properties={"span": pb.STRING}))
    developer.run("mine-1", "/mine")
    with raises_code("metadata_copy_conflict", match="property span"):
        copying.copy(config, path)


def test_a_value_that_the_server_cannot_hold_is_told(source, team, config, mariadb, database):
    path, developer = source
    developer.run("mine-1", "/mine")
    [model] = developer.store.get_artifacts_by_type("Model")
    model.properties["span"].int_value = 2**40
    developer.store.put_artifacts([model])
    with raises_code("metadata_copy_conflict", match="int_value"):
        copying.copy(config, path)
    assert counts(mariadb, database)["Execution"] == 0


def test_a_failure_in_the_middle_leaves_nothing(
    source, team, config, mariadb, database, monkeypatch
):
    path, developer = source
    developer.run("mine-1", "/mine")
    before = counts(mariadb, database)

    def fail(self):
        raise pymysql.err.OperationalError(2013, "Lost connection")

    monkeypatch.setattr(transfer.Transfer, "_events", fail)
    with pytest.raises(MetadataUnreachableError, match="Lost connection"):
        copying.copy(config, path)
    assert counts(mariadb, database) == before


def test_what_reads_back_differently_is_not_kept(
    source, team, config, mariadb, database, monkeypatch
):
    path, developer = source
    developer.run("mine-1", "/mine")
    before = counts(mariadb, database)
    write = transfer.Transfer._events

    def write_and_spoil(self):
        write(self)
        [artifact, *_] = self.ids["Artifact"].values()
        self._database.delete("Artifact", artifact)

    monkeypatch.setattr(transfer.Transfer, "_events", write_and_spoil)
    with raises_code("metadata_copy_not_verified", match="Artifact: 1 of 2 rows"):
        copying.copy(config, path)
    assert counts(mariadb, database) == before


def test_every_table_is_copied_and_verified():
    assert set(snapshot.TABLES) == set(schema.TABLES) - {"MLMDEnv"}


def test_a_collision_with_another_client_is_tried_again(source, team, config, monkeypatch):
    path, developer = source
    developer.run("mine-1", "/mine")
    write, attempts = transfer.Transfer._events, []

    def collide_once(self):
        attempts.append(self)
        if len(attempts) == 1:
            raise pymysql.err.OperationalError(1213, "Deadlock found")
        write(self)

    monkeypatch.setattr(transfer.Transfer, "_events", collide_once)
    assert copying.copy(config, path).added["Execution"] == 2
    assert len(attempts) == 2


def test_only_a_file_with_records_can_be_copied(config, tmp_path):
    with raises_code("metadata_nothing_to_copy", match=re.escape(str(tmp_path / "no.db"))):
        copying.copy(config, tmp_path / "no.db")


def test_only_a_server_can_be_copied_to(source):
    path, _ = source
    with raises_code("metadata_nothing_to_copy", match=r"metadata\.backend: mysql"):
        copying.copy(load.load("local"), path)
