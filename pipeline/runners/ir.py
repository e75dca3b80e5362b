"""The graph as TFX's intermediate representation (IR): compiled, ordered, bound to a run."""

import pathlib
from collections.abc import Mapping, Sequence

from google.protobuf import json_format
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.runners import launching


def compile_graph(
    pipeline: tfx_pipeline.Pipeline, *, order: Sequence[str] = ()
) -> pipeline_pb2.Pipeline:
    """Compiles `pipeline`.

    Args:
      pipeline: TFX pipeline to compile.
      order: Node ids in the order wished for. It is followed where it names every node and puts
        none before its upstream nodes; otherwise the compiler's own order stays.
    """
    ir = compiler.Compiler().compile(pipeline)
    place = {name: index for index, name in enumerate(order)}
    before = upstream(ir)
    if set(before) == set(place) and all(
        place[earlier] < place[name] for name in before for earlier in before[name]
    ):
        ir.nodes.sort(key=lambda node: place[launching.node_id(node)])
    return ir


def upstream(ir: pipeline_pb2.Pipeline) -> dict[str, tuple[str, ...]]:
    """Ids of the nodes that must have ended before each node, in the order of the IR."""
    return {launching.node_id(node): tuple(node.pipeline_node.upstream_nodes) for node in ir.nodes}


def bind(
    ir: pipeline_pb2.Pipeline, *, run_id: str, values: Mapping[str, str] | None = None
) -> None:
    """Puts the run's name and its values into the runtime parameters of `ir`, in place.

    Args:
      ir: Compiled graph, as `compile_graph` returns it.
      run_id: Name of the run in ML Metadata.
      values: Value of each of the graph's runtime parameters, by name; see `pipeline.parameters`.
    """
    bound: dict[str, str | int | float] = {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    runtime_parameter_utils.substitute_runtime_parameter(ir, bound | dict(values or {}))


def write(ir: pipeline_pb2.Pipeline, path: pathlib.Path) -> None:
    """Writes the compiled graph as JSON."""
    path.write_text(json_format.MessageToJson(ir, sort_keys=True), encoding="utf-8")
