"""Many processes and one real MariaDB: nothing twice, nothing half, nothing lost."""

import contextlib
import os
import pathlib
import shutil
import signal
import threading
import time

import pymysql
import pytest
import shared_graph
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.config import load
from pipeline.metadata import connection, copying, readiness

TIMEOUT_SECONDS = 60


class Store:
    """A store on the server, and processes that launch nodes with it."""

    def __init__(self, mariadb, processes, root):
        self.mariadb = mariadb
        self.root = root
        self.database = mariadb.create_database()
        self.overrides = mariadb.settings(self.database)
        self.config = load.with_overrides(load.load("local"), self.overrides)
        self._processes = processes

    def start(self, *graph, run_id="run-1", nodes=None):
        return self._processes(
            shared_graph.launch, self.overrides, self.mariadb.environment, graph, run_id, nodes
        )

    def run(self, *graph, run_id="run-1", nodes=None):
        finish(self.start(*graph, run_id=run_id, nodes=nodes))

    @property
    def read(self):
        """The store as ML Metadata sees it."""
        return metadata_store.MetadataStore(connection.connection(self.config))

    def executions(self, run_id):
        [run] = [c for c in self.read.get_contexts_by_type("pipeline_run") if c.name == run_id]
        return self.read.get_executions_by_context(run.id)

    def states(self, run_id):
        """Node type to the states of its executions in a run, by their names."""
        kinds = {kind.id: kind.name.rpartition(".")[2] for kind in self.read.get_execution_types()}
        found = {}
        for execution in self.executions(run_id):
            state = pb.Execution.State.Name(execution.last_known_state)
            found.setdefault(kinds[execution.type_id], []).append(state)
        return found

    def sql(self, statement):
        return self.mariadb.root(statement.format(f"`{self.database}`"))


@pytest.fixture
def store(mariadb_account, processes, tmp_path):
    return Store(mariadb_account, processes, tmp_path / "artifacts")


def finish(*started):
    for process in started:
        process.join(TIMEOUT_SECONDS)
    assert [process.exitcode for process in started] == [0] * len(started)


def until(condition):
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_sixteen_first_nodes_at_once_make_one_set_of_everything(store):
    """On an empty database: who is first makes the tables, types and contexts, once."""
    fan = ("fan", store.root, "first", 16)
    finish(*[store.start(*fan, nodes=[f"Maker{number}"]) for number in range(16)])
    doubled = store.sql(
        "SELECT name, type_kind, COUNT(*) FROM {}.Type GROUP BY name, type_kind HAVING COUNT(*) > 1"
    )
    assert doubled == []
    assert store.states("run-1") == {"Maker": ["COMPLETE"] * 16}
    assert len(store.read.get_contexts_by_type("pipeline")) == 1
    artifacts = store.read.get_artifacts_by_type("Model")
    assert [artifact.state for artifact in artifacts] == [pb.Artifact.LIVE] * 16
    assert len({artifact.uri for artifact in artifacts}) == 16


def test_pipelines_at_the_same_time_do_not_mix(store):
    chains = [("chain", store.root / name, name) for name in ("one", "two")]
    finish(*[store.start(*chain, run_id=f"run-{chain[2]}") for chain in chains])
    for name in ("one", "two"):
        assert set(map(tuple, store.states(f"run-{name}").values())) == {("COMPLETE",)}
        ids = [execution.id for execution in store.executions(f"run-{name}")]
        touched = {event.artifact_id for event in store.read.get_events_by_execution_ids(ids)}
        uris = {artifact.uri for artifact in store.read.get_artifacts_by_id(sorted(touched))}
        assert all(uri.startswith(f"{store.root / name}/") for uri in uris)


def test_a_node_killed_while_it_publishes_publishes_nothing_and_goes_on_in_the_same_run(store):
    chain = ("chain", store.root, "killed")
    readiness.ensure_ready(store.config)
    with held_back(store, "Artifact"):
        victim = store.start(*chain, nodes=["Maker"])
        until(lambda: any("INSERT INTO `Artifact`" in text for text in statements(store)))
        victim.kill()
        victim.join(TIMEOUT_SECONDS)
    assert victim.exitcode == -signal.SIGKILL
    until(lambda: not statements(store))
    assert store.states("run-1") == {"Maker": ["RUNNING"]}
    for table in ("Artifact", "Event", "Attribution"):
        assert store.sql(f"SELECT COUNT(*) FROM {{}}.{table}") == [(0,)]
    store.run(*chain)
    assert store.states("run-1") == {name: ["COMPLETE"] for name in ("Maker", "Judge", "Waiter")}
    [model] = store.read.get_artifacts_by_type("Model")
    assert (model.state, pathlib.Path(model.uri, "data.txt").read_text()) == (
        pb.Artifact.LIVE,
        "killed",
    )


def test_nodes_killed_at_any_moment_leave_whole_publications_only(store):
    """An output is there with its event and its contexts, or not at all."""
    readiness.ensure_ready(store.config)
    graph = ("fan", store.root, "looping", 8)
    for attempt in range(3):
        run_id = f"run-{attempt}"
        victim = store.start(*graph, run_id=run_id)
        until(lambda run_id=run_id, wanted=2 * attempt + 1: num_ended(store, run_id) >= wanted)
        victim.kill()
        victim.join(TIMEOUT_SECONDS)
        assert victim.exitcode == -signal.SIGKILL
        assert num_ended(store, run_id) < 8
    halves = store.sql(
        "SELECT a.id FROM {0}.Artifact a LEFT JOIN {0}.Event e ON e.artifact_id = a.id"
        " LEFT JOIN {0}.EventPath p ON p.event_id = e.id"
        " LEFT JOIN {0}.Attribution t ON t.artifact_id = a.id"
        " WHERE e.id IS NULL OR p.event_id IS NULL OR t.id IS NULL"
    )
    assert halves == []
    open_with_outputs = store.sql(
        "SELECT x.id FROM {0}.Execution x JOIN {0}.Event e ON e.execution_id = x.id"
        " WHERE e.type = 4 AND x.last_known_state NOT IN (3, 5)"
    )
    assert open_with_outputs == []
    store.run(*graph, run_id="run-2")
    assert {state for [*states] in store.states("run-2").values() for state in states} <= {
        "COMPLETE",
        "CACHED",
    }
    assert len(store.executions("run-2")) == 8


def test_a_server_that_restarts_while_a_node_works_gets_its_result(store, tmp_path):
    gate = tmp_path / "gate"
    gate.mkdir()
    running = store.start("chain", store.root, "patient", str(gate))
    until((gate / "running").exists)
    store.mariadb.stop()
    back = threading.Timer(1.0, store.mariadb.start)
    back.start()
    (gate / "go").touch()  # it publishes while nobody answers
    finish(running)
    back.join()
    assert store.states("run-1") == {name: ["COMPLETE"] for name in ("Maker", "Judge", "Waiter")}


def test_cached_outputs_keep_their_keys_on_the_server(store):
    chain = ("chain", store.root, "cached")
    store.run(*chain)
    store.run(*chain, run_id="run-2")
    assert set(map(tuple, store.states("run-2").values())) == {("CACHED",)}
    ids = {execution.id: execution.type_id for execution in store.executions("run-2")}
    kinds = {kind.id: kind.name for kind in store.read.get_artifact_types()}
    outputs = {}
    for event in store.read.get_events_by_execution_ids(list(ids)):
        if event.type == pb.Event.OUTPUT:
            [artifact] = store.read.get_artifacts_by_id([event.artifact_id])
            outputs[event.path.steps[0].key] = kinds[artifact.type_id]
    assert outputs["blessing"] == "ModelBlessing"
    assert outputs["evaluation"] == "ModelEvaluation"


def test_a_copied_history_is_a_cache_for_the_team(store, processes, tmp_path):
    """Other ids, other folder: the same pipeline still finds every node."""
    file, mine, ours = tmp_path / "mine.db", tmp_path / "mine", tmp_path / "ours"
    chain = ("chain", mine / "artifacts", "moved")
    finish(
        processes(shared_graph.launch, {"metadata.sqlite": str(file)}, {}, chain, "mine-1", None)
    )
    store.run("chain", store.root, "other", run_id="team-1")
    shutil.move(mine, ours)
    report = copying.copy(store.config, file, [f"{mine}={ours}"])
    assert (report.added["Execution"], report.added["Artifact"]) == (3, 4)
    store.run("chain", ours / "artifacts", "moved", run_id="team-2")
    assert store.states("team-2") == {name: ["CACHED"] for name in ("Maker", "Judge", "Waiter")}
    [blessing] = [
        artifact
        for artifact in store.read.get_artifacts_by_type("ModelBlessing")
        if artifact.uri.startswith(str(ours))
    ]
    named = blessing.custom_properties["current_model_id"].int_value
    [model] = store.read.get_artifacts_by_id([named])
    assert model.uri == blessing.custom_properties["current_model"].string_value


def test_the_account_is_in_no_file_that_a_run_leaves(store):
    store.run("chain", store.root, "secretive")
    secret = store.mariadb.password.encode()
    files = [path for path in store.root.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if secret in path.read_bytes()]
    assert os.environ["DEEPFAKE_METADATA_PASSWORD"] == store.mariadb.password


def num_ended(store, run_id):
    """Executions of a run with a result."""
    [[number]] = store.sql(
        "SELECT COUNT(*) FROM {0}.Execution x JOIN {0}.Association a ON a.execution_id = x.id"
        " JOIN {0}.Context c ON c.id = a.context_id"
        f" WHERE c.name = '{run_id}' AND x.last_known_state IN (3, 5)"
    )
    return number


@contextlib.contextmanager
def held_back(store, table):
    """Lets every other transaction that writes to an empty `table` wait."""
    link = pymysql.connect(
        unix_socket=str(store.mariadb.folder / "socket"), user="root", database=store.database
    )
    with link, link.cursor() as cursor:
        cursor.execute(f"SELECT * FROM `{table}` FOR UPDATE")
        yield
        link.rollback()


def statements(store):
    """What the server does for the account now, one entry for each connection."""
    return [
        " ".join(str(text).split())
        for [text] in store.mariadb.root(
            "SELECT info FROM information_schema.processlist"
            f" WHERE user = '{store.mariadb.username}'"
        )
    ]
