"""Container steps that fail, are killed or come twice, of small nodes on a shared store.

The command lines are those of a Kubeflow package; each step is a process, as its pod would be.
"""

import pathlib
import signal
import time

import pytest
import shared_graph
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.config import load
from pipeline.metadata import connection
from pipeline.runners import bundle
from pipeline.runs import events
from pipeline.runs.events import NodeState
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import RunFollower

TIMEOUT_SECONDS = 60


class Job:
    """A run of two nodes, Maker and Relay, by the command lines of its steps."""

    def __init__(self, start, parcel, run_id, gate):
        self._start = start
        self._parcel = parcel
        self.output = pathlib.Path(parcel.config.output)
        self.folder = RunFolder(self.output / run_id)
        self.gate = gate

    def start(self, node):
        words = ("--output", str(self.output), "--digest", self._parcel.digest, "--node", node)
        return self._start("run", *words, "--run-id", self.folder.run_id)

    def run(self, node):
        return ended(self.start(node))

    def prepare(self):
        parts = [word for part in self._parcel.arguments() for word in ("--bundle", part)]
        words = ("--digest", self._parcel.digest, "--run-id", self.folder.run_id)
        return ended(self._start("prepare", *parts, *words))

    def report(self):
        words = ("--output", str(self.output), "--run-id", self.folder.run_id)
        return ended(self._start("report", *words))

    def happened(self, kind, node):
        """What the journals tell of a node, in order."""
        told = RunFollower(self.folder).read()
        return [event for event in told if isinstance(event, kind) and event.node == node]


@pytest.fixture
def job(mariadb_account, processes, monkeypatch, tmp_path):
    """`job("one")`: a run that is prepared; all runs of a test are of one pipeline."""
    output, gate = tmp_path / "runs", tmp_path / "gate"
    (output / "videos").mkdir(parents=True)
    gate.mkdir()
    manifest = output / "videos" / "videos.csv"
    manifest.write_text("video_id,path,label\n")
    values = {"output": str(output), "data.manifest": str(manifest)}
    database = mariadb_account.settings(mariadb_account.create_database())
    config = load.with_overrides(load.load("local"), {**values, **database})
    graph = shared_graph.relay(output / "artifacts", "made", str(gate))
    monkeypatch.setattr(bundle.graph, "create_pipeline", lambda *_, **__: graph)
    parcel = bundle.build(config)

    def start(*argv):
        return processes(shared_graph.step, mariadb_account.environment, *argv)

    def make(run_id):
        made = Job(start, parcel, run_id, gate)
        assert made.prepare() == 0
        return made

    return make


@pytest.fixture
def store(job, mariadb_account):
    """The records, read directly; `job` has made the database."""
    return lambda made: metadata_store.MetadataStore(
        connection.connection(load.load(made.folder.config))
    )


def ended(process):
    process.join(TIMEOUT_SECONDS)
    return process.exitcode


def until(condition):
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def states(store, run_id):
    """Node type and state of every execution of a run, sorted."""
    kinds = {kind.id: kind.name.rpartition(".")[2] for kind in store.get_execution_types()}
    [run] = [c for c in store.get_contexts_by_type("pipeline_run") if c.name == run_id]
    name = pb.Execution.State.Name
    found = store.get_executions_by_context(run.id)
    return sorted((kinds[one.type_id], name(one.last_known_state)) for one in found)


def published(store):
    """State and content of every model that an execution made."""
    made = [event for event in _events(store) if event.type == pb.Event.OUTPUT]
    artifacts = store.get_artifacts_by_id([event.artifact_id for event in made])
    assert len(artifacts) == len(made), "each is published once"
    return sorted(
        (pathlib.Path(one.uri, "data.txt").read_text(), one.state == pb.Artifact.LIVE)
        for one in artifacts
    )


def _events(store):
    return store.get_events_by_execution_ids([one.id for one in store.get_executions()])


def test_a_failed_step_goes_on_with_its_own_execution_once_the_cause_is_gone(job, store):
    made = job("one")
    assert made.run("Maker") == 0
    (made.gate / "broken").touch()
    assert made.run("Relay") == 1
    [failed] = made.happened(events.Failed, "Relay")
    assert "the gate is broken" in failed.message
    (made.gate / "broken").unlink()
    (made.gate / "go").touch()
    assert made.run("Relay") == 0
    assert states(store(made), "one") == [("Maker", "COMPLETE"), ("Relay", "COMPLETE")]
    assert published(store(made)) == [("made", True)] * 2
    assert len(made.happened(events.NodeStarted, "Relay")) == 2
    assert len(made.happened(events.NodeStarted, "Maker")) == 1
    assert made.report() == 0


def test_nothing_of_a_killed_attempt_is_published_and_the_next_one_goes_on(job, store):
    made = job("one")
    assert made.run("Maker") == 0
    victim = made.start("Relay")
    until((made.gate / "running").exists)
    victim.kill()
    assert ended(victim) == -signal.SIGKILL
    assert states(store(made), "one") == [("Maker", "COMPLETE"), ("Relay", "RUNNING")]
    (made.gate / "go").touch()
    assert made.run("Relay") == 0
    assert states(store(made), "one") == [("Maker", "COMPLETE"), ("Relay", "COMPLETE")]
    assert published(store(made)) == [("made", True)] * 2
    [relayed] = (made.output / "artifacts" / "Relay" / "out").iterdir()
    assert [path.name for path in relayed.iterdir()] == ["data.txt"]


def test_a_second_attempt_beside_a_living_one_waits_and_adds_nothing(job, store):
    """A cluster that loses sight of a machine starts its step again elsewhere."""
    made = job("one")
    assert made.run("Maker") == 0
    first = made.start("Relay")
    until((made.gate / "running").exists)
    second = made.start("Relay")
    second.join(1.0)
    assert second.is_alive(), "the first is still at work"
    (made.gate / "go").touch()
    assert (ended(first), ended(second)) == (0, 0)
    assert states(store(made), "one") == [("Maker", "COMPLETE"), ("Relay", "COMPLETE")]
    assert published(store(made)) == [("made", True)] * 2


def test_the_run_after_that_comes_from_the_cache(job, store):
    one, two = job("one"), job("two")
    (one.gate / "go").touch()
    assert [one.run(node) for node in ("Maker", "Relay")] == [0, 0]
    assert [two.run(node) for node in ("Maker", "Relay")] == [0, 0]
    assert states(store(two), "two") == [("Maker", "CACHED"), ("Relay", "CACHED")]
    for node in ("Maker", "Relay"):
        [end] = two.happened(events.NodeEnded, node)
        assert end.state is NodeState.CACHED


def test_runs_at_the_same_time_on_one_store_do_not_mix(job, store):
    one, two = job("one"), job("two")
    (one.gate / "go").touch()
    assert [ended(process) for process in (one.start("Maker"), two.start("Maker"))] == [0, 0]
    assert [ended(process) for process in (one.start("Relay"), two.start("Relay"))] == [0, 0]
    for run in (one, two):
        found = states(store(run), run.folder.run_id)
        assert [node for node, _ in found] == ["Maker", "Relay"]
        assert {state for _, state in found} <= {"COMPLETE", "CACHED"}
