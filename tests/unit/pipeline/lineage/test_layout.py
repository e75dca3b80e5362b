"""Where the nodes of a graph are placed."""

import itertools

import pytest

from pipeline.lineage import layout


def test_each_node_is_below_what_it_came_from():
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]
    placed = layout.place("abcd", edges)
    for source, target in edges:
        assert placed.centres[source][1] + layout.NODE_HEIGHT < placed.centres[target][1]


def test_a_source_is_just_above_what_it_feeds():
    placed = layout.place("abcx", [("a", "b"), ("b", "c"), ("x", "c")])
    assert placed.centres["x"][1] == placed.centres["b"][1]


def test_no_two_nodes_overlap_and_all_are_inside():
    nodes = [f"n{number}" for number in range(60)]
    edges = [(f"n{number}", f"n{(number * 7 + 3) % 60}") for number in range(60)]
    edges = [(source, target) for source, target in edges if int(source[1:]) < int(target[1:])]
    placed = layout.place(nodes, edges)
    for (x, y), (other_x, other_y) in itertools.combinations(placed.centres.values(), 2):
        apart = abs(x - other_x) >= layout.NODE_WIDTH - 1e-6
        assert apart or abs(y - other_y) >= layout.NODE_HEIGHT
    for x, y in placed.centres.values():
        assert layout.NODE_WIDTH / 2 - 1e-6 <= x <= placed.width - layout.NODE_WIDTH / 2 + 1e-6
        assert layout.NODE_HEIGHT / 2 <= y <= placed.height - layout.NODE_HEIGHT / 2


def test_an_edge_passes_beside_the_nodes_of_the_layers_between():
    edges = [("a", "b"), ("b", "c"), ("a", "c")]
    placed = layout.place("abc", edges)
    path = placed.paths[2]
    beside = [x for x, y in path if abs(y - placed.centres["b"][1]) <= layout.NODE_HEIGHT / 2]
    assert len(beside) == 2
    assert all(abs(x - placed.centres["b"][0]) > layout.NODE_WIDTH / 2 for x in beside)


def test_edges_that_need_not_cross_do_not():
    placed = layout.place("abxy", [("a", "y"), ("b", "x")])
    a, b, x, y = (placed.centres[node][0] for node in "abxy")
    assert (a < b) == (y < x)


def test_a_cycle_is_drawn_with_one_edge_upwards():
    edges = [("a", "b"), ("b", "c"), ("c", "a")]
    placed = layout.place("abc", edges)
    upwards = [path[0][1] > path[-1][1] for path in placed.paths]
    assert upwards == [False, False, True]


@pytest.mark.parametrize("nodes", ["", "a"])
def test_a_graph_without_edges_has_a_layout(nodes):
    placed = layout.place(nodes, [])
    assert len(placed.centres) == len(nodes)
    assert placed.paths == []
