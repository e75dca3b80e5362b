"""Events survive their JSON line."""

import pytest

from pipeline.runs import events


@pytest.mark.parametrize(
    "event",
    [
        events.RunStarted(run_id="r", pipeline="p", to_node="B", num_clips=4, time=1.0),
        events.Planned(nodes=("A", "B"), time=2.0),
        events.NodeStarted(node="A", time=3.0),
        events.Progressed(node="A", fields={"epoch": 1, "loss": 0.5}, time=4.0),
        events.NodeEnded(
            node="A", state=events.NodeState.CACHED, facts={"tracks": {"train": 1}}, time=5.0
        ),
        events.Failed(node="A", type="E", code="e", message="why\nand how", time=6.0),
        events.RunEnded(outcome=events.Outcome.FAILED, time=7.0),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_is_the_same_after_one_line_of_json(event):
    line = events.to_json(event)
    assert "\n" not in line
    assert events.from_json(line) == event


def test_an_unknown_event_is_refused():
    with pytest.raises(ValueError, match="not an event of this version"):
        events.from_json('{"event": "Exploded"}')
