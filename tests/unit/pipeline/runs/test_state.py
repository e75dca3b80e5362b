"""The fold of a run's events."""

from pipeline.runs import events
from pipeline.runs.events import NodeState, Outcome
from pipeline.runs.state import RunState


def test_a_run_is_the_sum_of_its_events():
    state = RunState(
        [
            events.RunStarted(run_id="r", pipeline="p", time=1.0),
            events.Planned(nodes=("A", "B", "C"), time=2.0),
            events.NodeStarted(node="A", time=3.0),
            events.NodeEnded(node="A", state=NodeState.RAN, seconds=1.5, facts={"x": 1}, time=4.5),
            events.NodeStarted(node="B", time=5.0),
            events.Progressed(node="B", fields={"epoch": 2}, time=6.0),
        ]
    )
    assert [node.state for node in state.nodes.values()] == [
        NodeState.RAN,
        NodeState.RUNNING,
        NodeState.WAITING,
    ]
    assert state.nodes["A"].facts == {"x": 1}
    assert state.running is state.nodes["B"]
    assert (state.running.progress, state.running.progressed) == ({"epoch": 2}, 6.0)
    assert state.outcome is None


def test_a_node_that_could_not_say_how_it_ended_is_closed_with_the_run():
    happened = [
        events.Planned(nodes=("A",), time=1.0),
        events.NodeStarted(node="A", time=2.0),
    ]
    for outcome, expected in (
        (Outcome.FAILED, NodeState.FAILED),
        (Outcome.INTERRUPTED, NodeState.INTERRUPTED),
    ):
        state = RunState([*happened, events.RunEnded(outcome=outcome, time=5.0)])
        assert state.nodes["A"].state is expected
        assert state.nodes["A"].seconds == 3.0
        assert state.running is None


def test_what_was_tried_again_is_no_error_and_the_first_of_several_errors_stays():
    failed = [events.Failed(node=node, type="X", message=node) for node in ("A", "B")]
    state = RunState([events.Planned(nodes=("A", "B")), *failed])
    assert state.error is failed[0]
    state.apply(events.NodeStarted(node="B"))
    assert state.error is failed[0]
    state.apply(events.NodeStarted(node="A"))
    assert state.error is None


def test_a_step_whose_clock_is_ahead_loses_nothing_when_the_plan_is_told():
    state = RunState([events.NodeStarted(node="B", time=1.0), events.Planned(nodes=("A", "B"))])
    assert [node.state for node in state.nodes.values()] == [NodeState.WAITING, NodeState.RUNNING]


def test_an_interrupt_explains_a_node_that_was_never_reached_but_not_one_that_failed():
    lost = events.Failed(node="B", type="StepLost", code="step_lost", message="never began")
    failed = events.Failed(node="A", type="X", message="bad data")
    interrupted = events.RunEnded(outcome=Outcome.INTERRUPTED)
    ended = events.NodeEnded(node="A", state=NodeState.FAILED)
    planned = events.Planned(nodes=("A", "B"))
    assert RunState([planned, lost, interrupted]).error is None
    assert RunState([planned, ended, failed, interrupted]).error is failed
