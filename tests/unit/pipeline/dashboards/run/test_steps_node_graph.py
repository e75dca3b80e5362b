"""The drawing of the nodes: what waits for what, and where each is."""

import itertools

import pytest

from pipeline.dashboards.run import steps
from pipeline.runs.events import NodeState
from pipeline.runs.state import NodeRecord
from schemas.names import NODES


def test_edges_that_follow_from_others_are_left_out():
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("a", "d"), ("d", "c")]
    assert steps.necessary(edges) == [("a", "b"), ("b", "c"), ("a", "d"), ("d", "c")]


@pytest.mark.usefixtures("compiled")
def test_the_compiled_graph_gives_the_edges(told):
    story = told(done=2, outcome=None)
    found = steps.node_graph(story)
    boxes = {box.id: box for box in found.boxes}
    assert list(boxes) == list(NODES)
    chain = ("VideoValidator", "FrameExtractor", "StatisticsGen", "DataGate")
    assert len(found.paths) == 3, "DataGate waits for StatisticsGen, and so for all before it"
    assert all(boxes[a].y < boxes[b].y for a, b in itertools.pairwise(chain))


def test_before_there_is_a_graph_the_nodes_are_a_chain(told):
    found = steps.node_graph(told(done=2, outcome=None))
    assert len(found.paths) == len(NODES) - 1
    assert len({box.x for box in found.boxes}) == 1


def test_no_graph_before_the_nodes_are_known(told):
    story = told(done=0, outcome=None)
    story.state.nodes.clear()
    assert steps.node_graph(story) is None


def test_boxes_lie_inside_the_drawing_and_apart(told):
    found = steps.node_graph(told())
    for box in found.boxes:
        assert 0 <= box.x <= found.width - found.box_width
        assert 0 <= box.y <= found.height - found.box_height
    assert len({(box.x, box.y) for box in found.boxes}) == len(NODES)


def test_a_box_tells_state_and_time_in_words(told):
    story = told(done=3, running={}, outcome=None, states={"FrameExtractor": NodeState.CACHED})
    notes = [box.note for box in steps.node_graph(story).boxes]
    assert notes[:5] == [
        "done · 1.5 s",
        "from the cache · 2.5 s",
        "done · 3.5 s",
        "running",
        "waiting",
    ]


@pytest.mark.parametrize("state", NodeState)
def test_no_two_states_share_a_mark_or_a_word(state):
    others = [look for other, look in steps.LOOKS.items() if other is not state]
    own = steps.LOOKS[state]
    assert own.mark not in {look.mark for look in others}
    assert own.words not in {look.words for look in others}


def test_what_an_ended_run_did_not_come_to_is_not_called_waiting():
    assert steps.state_words(NodeRecord("Pusher"), is_running=False) == "not reached"
    assert steps.state_words(NodeRecord("Pusher"), is_running=True) == "waiting"
