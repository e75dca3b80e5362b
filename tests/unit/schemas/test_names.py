"""The node names that the command offers are those of the graph, in an order that it can follow."""

from pipeline import graph
from pipeline.config.sections import DataConfig
from pipeline.config.tree import PipelineConfig
from pipeline.runners import ir
from schemas.names import NODES


def test_the_graph_has_these_nodes_and_can_run_in_this_order(tmp_path):
    data = DataConfig(manifest=str(tmp_path / "videos.csv"))
    config = PipelineConfig(output=str(tmp_path), data=data)
    compiled = ir.compile_graph(graph.create_pipeline(config), order=NODES)
    assert tuple(ir.upstream(compiled)) == NODES
