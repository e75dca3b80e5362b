"""A real graph of three small nodes, for tests of the runner."""

import pathlib

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.common import resolver
from tfx.dsl.input_resolution.strategies import latest_artifact_strategy
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import Channel, standard_artifacts

from schemas import progress

ORDER = ("Maker", "Reader", "Last")


@component
def Maker(out: OutputArtifact[standard_artifacts.Examples], count: Parameter[int]):
    for done in range(1, count + 1):
        progress.report(videos_done=done, videos_total=count)
    pathlib.Path(out.uri, "data.txt").write_text(str(count))


@component
def Reader(
    inp: InputArtifact[standard_artifacts.Examples],
    out: OutputArtifact[standard_artifacts.Examples],
    error: Parameter[str],
):
    if error == "interrupt":
        raise KeyboardInterrupt
    if error:
        raise ValueError(error)
    pathlib.Path(out.uri, "data.txt").write_text(pathlib.Path(inp.uri, "data.txt").read_text())


def pipeline(root, count=1, error="", unresolvable=False):
    maker = Maker(count=count)
    reader = Reader(inp=maker.outputs["out"], error=error)
    last = Reader(inp=reader.outputs["out"], error="").with_id("Last")
    components = [maker, reader, last]
    if unresolvable:  # no run has made a Model
        models = {"model": Channel(type=standard_artifacts.Model)}
        strategy = latest_artifact_strategy.LatestArtifactStrategy
        absent = resolver.Resolver(strategy_class=strategy, **models).with_id("Absent")
        maker.add_upstream_node(absent)
        components.append(absent)
    return tfx_pipeline.Pipeline(
        pipeline_name="tiny",
        pipeline_root=str(root / "artifacts"),
        components=components,
        enable_cache=True,
    )
