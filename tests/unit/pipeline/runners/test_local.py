"""The local runner on a real TFX graph: launcher, drivers, cache and ML Metadata."""

import collections

import pytest
import tiny_graph
from coded import raises_code
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from pipeline.runners import ir, local
from pipeline.runs import events
from pipeline.runs.events import NodeState

RAN, CACHED, SKIPPED = NodeState.RAN, NodeState.CACHED, NodeState.SKIPPED


@pytest.fixture
def run(tmp_path):
    """Runs the tiny graph once more; returns the state of each node that ended, and all events."""
    told = []

    def run(*, from_node="", to_node="", describe=lambda outputs: {}, **parameters):
        told.clear()
        graph = tiny_graph.pipeline(tmp_path, **parameters)
        compiled = ir.compile_graph(graph, order=tiny_graph.ORDER)
        ir.bind(compiled, run_id=f"run-{run.count}")
        run.count += 1
        local.run(
            compiled,
            connection(tmp_path),
            sink=told.append,
            describe=describe,
            from_node=from_node,
            to_node=to_node,
        )
        return ended()

    def ended():
        return {e.node: e.state for e in told if isinstance(e, events.NodeEnded)}

    run.count, run.told, run.ended = 0, told, ended
    return run


def connection(folder):
    return metadata.sqlite_metadata_connection_config(str(folder / "metadata.db"))


def execution_states(folder):
    """How often each state is recorded in ML Metadata."""
    store = metadata_store.MetadataStore(connection(folder))
    name = metadata_store_pb2.Execution.State.Name
    return collections.Counter(name(e.last_known_state) for e in store.get_executions())


def test_nodes_run_in_order_then_come_from_the_cache(run):
    assert run() == {"Maker": RAN, "Reader": RAN, "Last": RAN}
    kinds = [type(event).__name__ for event in run.told]
    assert kinds == ["Planned", *["NodeStarted", "NodeEnded"] * 3]
    assert run.told[0].nodes == ("Maker", "Reader", "Last")
    assert run() == {"Maker": CACHED, "Reader": CACHED, "Last": CACHED}
    assert run(count=2) == {"Maker": RAN, "Reader": RAN, "Last": RAN}


def test_describe_gets_the_outputs_of_ran_cached_and_skipped_nodes(run):
    def describe(outputs):
        return {key: len(artifacts) for key, artifacts in outputs.items()}

    for options in ({}, {}, {"from_node": "Last"}):
        run(describe=describe, **options)
        facts = [event.facts for event in run.told if isinstance(event, events.NodeEnded)]
        assert facts == [{"out": 1}] * 3


def test_a_failing_node_stops_the_run_and_the_next_run_goes_on(run, tmp_path):
    with pytest.raises(ValueError, match="bad data"):
        run(error="bad data")
    assert run.ended() == {"Maker": RAN, "Reader": NodeState.FAILED}
    assert execution_states(tmp_path) == {"COMPLETE": 1, "FAILED": 1}
    assert run() == {"Maker": CACHED, "Reader": RAN, "Last": RAN}


def test_an_interrupted_node_is_not_left_running(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(error="interrupt")
    assert run.ended() == {"Maker": RAN, "Reader": NodeState.INTERRUPTED}
    assert execution_states(tmp_path) == {"COMPLETE": 1, "CANCELED": 1}
    assert run() == {"Maker": CACHED, "Reader": RAN, "Last": RAN}


def test_a_node_that_records_its_failure_without_raising_fails_the_run(run):
    with raises_code("node_failed", match="Absent failed: "):
        run(unresolvable=True)
    assert run.ended() == {"Absent": NodeState.FAILED}


def test_a_partial_run_reuses_the_latest_run_that_finished_what_it_needs(run):
    assert run(to_node="Reader") == {"Maker": RAN, "Reader": RAN, "Last": SKIPPED}
    with pytest.raises(ValueError, match="bad data"):
        run(error="bad data", count=2)  # the latest run, but without Reader's outputs
    assert run(from_node="Last") == {"Maker": SKIPPED, "Reader": SKIPPED, "Last": RAN}
    assert run(from_node="Reader", to_node="Reader") == {
        "Maker": SKIPPED,
        "Reader": CACHED,
        "Last": SKIPPED,
    }


def test_a_partial_run_without_an_earlier_one_says_what_is_missing(run):
    with raises_code("nothing_to_reuse", match="finished Maker, Reader; run without"):
        run(from_node="Last")


def test_an_unknown_node_is_answered_with_the_nearest(run):
    with raises_code("unknown_node", match=r"no node 'Raeder'; did you mean Reader\?"):
        run(from_node="Raeder")


def test_an_empty_range_is_refused(run):
    with raises_code("empty_range", match="Maker does not come after Last"):
        run(from_node="Last", to_node="Maker")
