"""The node names that the command offers are those of the graph, in an order that it can follow."""

from pipeline import graph
from pipeline.cli.nodes import NODES
from pipeline.config.sections import DataConfig
from pipeline.config.tree import PipelineConfig
from pipeline.runners import local


def test_the_graph_has_these_nodes_and_can_run_in_this_order(tmp_path):
    data = DataConfig(manifest=str(tmp_path / "videos.csv"))
    config = PipelineConfig(output=str(tmp_path), data=data)
    pipeline = graph.create_pipeline(config, beam_args=[])
    ir = local.compile_graph(pipeline, run_id="r", order=NODES)
    assert tuple(node.pipeline_node.node_info.id for node in ir.nodes) == NODES
