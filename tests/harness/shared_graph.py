"""Small nodes and their processes, for tests of a shared metadata store.

TFX finds executors by path, and a fork server imports this once for all processes of a test.
"""

import os
import pathlib
import time

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import standard_artifacts

from pipeline.cli import node
from pipeline.config import load
from pipeline.metadata import connection, readiness
from pipeline.runners import caching, ir, launching
from pipeline.runs import process

DEADLINE_SECONDS = 40.0


@component
def Maker(out: OutputArtifact[standard_artifacts.Model], content: Parameter[str]):
    pathlib.Path(out.uri, "data.txt").write_text(content)


@component
def Judge(
    model: InputArtifact[standard_artifacts.Model],
    blessing: OutputArtifact[standard_artifacts.ModelBlessing],
    evaluation: OutputArtifact[standard_artifacts.ModelEvaluation],
):
    blessing.set_int_custom_property("current_model_id", model.id)
    blessing.set_string_custom_property("current_model", model.uri)
    pathlib.Path(blessing.uri, "data.txt").write_text("blessed")
    pathlib.Path(evaluation.uri, "data.txt").write_text("good")


@component
def Waiter(
    blessing: InputArtifact[standard_artifacts.ModelBlessing],
    out: OutputArtifact[standard_artifacts.PushedModel],
    gate: Parameter[str],
):
    """Says that it runs, then waits for the word to go on; both are files."""
    pass_gate(gate)
    pathlib.Path(out.uri, "data.txt").write_text(pathlib.Path(blessing.uri, "data.txt").read_text())


@component
def Relay(
    model: InputArtifact[standard_artifacts.Model],
    out: OutputArtifact[standard_artifacts.Model],
    gate: Parameter[str],
):
    """As Waiter; it fails while there is a file `broken` beside those."""
    pathlib.Path(out.uri, "half.txt").touch()
    if pathlib.Path(gate, "broken").exists():
        raise ValueError("the gate is broken")
    pass_gate(gate)
    pathlib.Path(out.uri, "half.txt").unlink()
    pathlib.Path(out.uri, "data.txt").write_text(pathlib.Path(model.uri, "data.txt").read_text())


def pass_gate(gate):
    """Makes the file `running` in the folder `gate`, then waits for `go`; without a gate, goes."""
    if gate:
        pathlib.Path(gate, "running").touch()
        wait_for(pathlib.Path(gate, "go"))


def wait_for(path):
    """Returns when there is a file at `path`."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(path)
        time.sleep(0.02)


def chain(root, name, gate=""):
    """Maker, Judge and Waiter, one after the other."""
    maker = Maker(content=name)
    judge = Judge(model=maker.outputs["out"])
    waiter = Waiter(blessing=judge.outputs["blessing"], gate=gate)
    return _pipeline(root, name, [maker, judge, waiter])


def relay(root, name, gate):
    """Maker, and a Relay of what it made: nodes whose outputs no report reads."""
    maker = Maker(content=name)
    return _pipeline(root, name, [maker, Relay(model=maker.outputs["out"], gate=gate)])


def fan(root, name, width):
    """So many nodes side by side."""
    makers = [Maker(content=str(number)).with_id(f"Maker{number}") for number in range(width)]
    return _pipeline(root, name, makers)


def _pipeline(root, name, components):
    return tfx_pipeline.Pipeline(
        pipeline_name=name,
        pipeline_root=str(root),
        components=components,
        enable_cache=True,
    )


def step(environment, *argv):
    """A container step in this process, which ends with the step's exit status.

    Args:
      environment: Variables that hold the account.
      argv: Of `python -m pipeline.cli.node`.
    """
    os.environ.update(environment)
    process.prepare()
    process.end(node.main(argv))


def launch(overrides, environment, graph, run_id, node_ids=None):
    """What a step of a cluster does: makes sure of the store, then launches nodes.

    Args:
      overrides: Of the configuration; they name the store.
      environment: Variables that hold the account.
      graph: Function of this module and its arguments.
      run_id: Name of the run.
      node_ids: Nodes to launch; all of the graph by default.
    """
    os.environ.update(environment)
    function, *arguments = graph
    compiled = ir.compile_graph(globals()[function](*arguments))
    ir.bind(compiled, run_id=run_id)
    config = load.with_overrides(load.load("local"), overrides)
    readiness.ensure_ready(config)
    caching.install_outputs()
    caching.install_keys()
    launcher = launching.NodeLauncher(
        compiled,
        connection.connection(config),
        sink=lambda event: None,
        describe=lambda outputs: {},
        beam_args=(),
    )
    for entry in compiled.nodes:
        if node_ids is None or entry.pipeline_node.node_info.id in node_ids:
            launcher.launch(entry.pipeline_node)
