"""The graph as TFX IR: order, binding, file."""

import json

import tiny_graph

from pipeline.runners import ir


def test_an_order_that_breaks_the_graph_is_not_followed(tmp_path):
    compiled = ir.compile_graph(tiny_graph.pipeline(tmp_path), order=("Last", "Reader", "Maker"))
    assert tuple(ir.upstream(compiled)) == ("Maker", "Reader", "Last")


def test_upstream_names_what_must_have_ended_before(tmp_path):
    compiled = ir.compile_graph(tiny_graph.pipeline(tmp_path), order=tiny_graph.ORDER)
    assert ir.upstream(compiled) == {"Maker": (), "Reader": ("Maker",), "Last": ("Reader",)}


def test_a_bound_graph_names_its_run_and_is_written_as_json(tmp_path):
    compiled = ir.compile_graph(tiny_graph.pipeline(tmp_path))
    ir.bind(compiled, run_id="run-7")
    ir.write(compiled, tmp_path / "ir.json")
    written = json.loads((tmp_path / "ir.json").read_text())
    assert written["pipelineInfo"] == {"id": "tiny"}
    assert written["runtimeSpec"]["pipelineRunId"] == {"fieldValue": {"stringValue": "run-7"}}
