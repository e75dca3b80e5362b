"""Names of nodes are those of the graph, names of artifact types those of its channels."""

import pytest

from pipeline import graph
from pipeline.config.sections import DataConfig
from pipeline.config.tree import PipelineConfig
from pipeline.runners import ir
from schemas import names
from schemas.names import NODES


@pytest.fixture
def made(tmp_path):
    """The graph of a configuration."""
    data = DataConfig(manifest=str(tmp_path / "videos.csv"))
    return graph.create_pipeline(PipelineConfig(output=str(tmp_path), data=data))


def test_the_graph_has_these_nodes_and_can_run_in_this_order(made):
    compiled = ir.compile_graph(made, order=NODES)
    assert tuple(ir.upstream(compiled)) == NODES


def test_the_artifact_types_are_those_of_channels_between_the_nodes(made):
    outputs = {c.type_name for node in made.components for c in node.outputs.values()}
    values = (value for name, value in vars(names).items() if name.isupper())
    texts = {value for value in values if isinstance(value, str)}
    types = texts - {*NODES, names.PREPARE, names.REPORT}
    assert names.MODEL in types
    assert types <= outputs
