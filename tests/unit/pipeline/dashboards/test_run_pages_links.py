"""Links from executions to pages: found by whoever asks, and in nobody's way."""

import datetime
import time

import pytest
import tiny_graph
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import load
from pipeline.dashboards import run_pages
from pipeline.lineage import store as lineage_store
from pipeline.metadata import connection
from pipeline.runners import ir, local
from pipeline.runs import events
from pipeline.runs.events import NodeState

STATES = metadata_store_pb2.Execution


@pytest.fixture(params=["sqlite", "mysql"])
def config(request, tmp_path):
    """A configuration for each kind of store."""
    values = {"output": str(tmp_path)}
    if request.param == "mysql":
        mariadb = request.getfixturevalue("mariadb_account")
        values |= mariadb.settings(mariadb.create_database())
    return load.with_overrides(load.load("local"), values)


def link(address):
    """A link of a node that ended at a round time."""
    ended = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    return run_pages.Link(address, ended)


def client(config):
    return metadata_store.MetadataStore(connection.connection(config))


@pytest.fixture
def begun(config):
    """An execution that a launcher has begun: its parameters are recorded_run, its end is not."""
    store = client(config)
    type_id = store.put_execution_type(metadata_store_pb2.ExecutionType(name="Trainer"))
    execution = metadata_store_pb2.Execution(type_id=type_id, last_known_state=STATES.RUNNING)
    execution.custom_properties["epochs"].int_value = 3
    [execution.id] = store.put_executions([execution])
    return execution


def test_a_link_is_a_property_and_changes_nothing_else(config, begun):
    run_pages.write_links(config, {begun.id: link("/runs/dashboard/runs/run-1/training.html")})
    [found] = client(config).get_executions_by_id([begun.id])
    assert found.custom_properties["dashboard"].string_value == (
        "/runs/dashboard/runs/run-1/training.html"
    )
    assert found.custom_properties["epochs"].int_value == 3
    assert (found.type_id, found.last_known_state) == (begun.type_id, STATES.RUNNING)


def test_what_a_launcher_publishes_between_reading_and_linking_stays(config, begun):
    """The writer knows an id and has read nothing, so that there is nothing it could undo."""
    begun.last_known_state = STATES.COMPLETE
    begun.custom_properties["result"].string_value = "published meanwhile"
    client(config).put_executions([begun])
    run_pages.write_links(config, {begun.id: link("first.html")})
    run_pages.write_links(config, {begun.id: link("second.html")})
    [found] = client(config).get_executions_by_id([begun.id])
    assert found.last_known_state == STATES.COMPLETE
    assert {name: value.string_value for name, value in found.custom_properties.items()} == {
        "epochs": "",
        "result": "published meanwhile",
        "dashboard": "second.html",
        "ended_at": "2026-01-02T00:00:00.000+00:00",
    }


def test_lineage_still_knows_when_the_node_ended(tmp_path):
    """Writing the link moves the time of the last update, which said so."""
    config = load.with_overrides(load.load("local"), {"output": str(tmp_path)})
    client_of_it = client(config)
    type_id = client_of_it.put_execution_type(metadata_store_pb2.ExecutionType(name="Trainer"))
    execution = metadata_store_pb2.Execution(type_id=type_id, last_known_state=STATES.COMPLETE)
    contexts = []
    for kind in ("pipeline", "pipeline_run", "node"):
        context_type = client_of_it.put_context_type(metadata_store_pb2.ContextType(name=kind))
        contexts.append(metadata_store_pb2.Context(type_id=context_type, name=f"one {kind}"))
    number, _, _ = client_of_it.put_execution(execution, [], contexts)
    before = lineage_store.opened(config).executions([number])[number].updated
    time.sleep(0.02)
    run_pages.write_links(config, {number: run_pages.Link("page.html", before)})
    [found] = client_of_it.get_executions_by_id([number])
    assert found.last_update_time_since_epoch > before.timestamp() * 1000
    assert lineage_store.opened(config).executions([number])[number].updated == before


def test_no_links_need_no_store(tmp_path):
    missing = {"output": str(tmp_path / "missing")}
    run_pages.write_links(load.with_overrides(load.load("local"), missing), {})
    assert not (tmp_path / "missing").exists()


def test_a_run_whose_executions_are_linked_is_still_taken_from_the_cache(tmp_path):
    config = load.with_overrides(load.load("local"), {"output": str(tmp_path)})

    def run(run_id):
        told = []
        compiled = ir.compile_graph(tiny_graph.pipeline(tmp_path), order=tiny_graph.ORDER)
        ir.bind(compiled, run_id=run_id)
        local.run(compiled, connection.connection(config), sink=told.append)
        ended = [event for event in told if isinstance(event, events.NodeEnded)]
        executions = sorted(client(config).get_executions(), key=lambda one: one.id)[-3:]
        run_pages.write_links(config, {one.id: link(f"{run_id}.html") for one in executions})
        return {event.state for event in ended}

    assert run("run-1") == {NodeState.RAN}
    assert run("run-2") == {NodeState.CACHED}
    assert run("run-3") == {NodeState.CACHED}
    linked = [
        one.custom_properties["dashboard"].string_value for one in client(config).get_executions()
    ]
    assert sorted(linked) == [f"run-{number}.html" for number in (1, 2, 3) for _ in range(3)]
