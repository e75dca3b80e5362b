"""Which artifacts a step hands to Kubeflow's own pages, and how a container fills them.

A page is one file, whose place the step is told. Figures are metadata: they go into the file of
which Kubeflow's launcher told the step, as the JSON of an `ExecutorOutput`. One NaN in it would
make the launcher fail the step.
"""

import pathlib
from collections.abc import Mapping

from google.protobuf import json_format
from kfp import dsl
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.dashboards import visualisations
from pipeline.dashboards.pages import Page
from pipeline.dashboards.sources import RunSources
from pipeline.runners import errors, run_pages


class UndeclaredFigureError(errors.RunnerError):
    """A figure that the compiled pipeline does not know: other code compiled it."""

    code = "undeclared_figure"


def page_output(step: str) -> str:
    """Name of the artifact that holds the step's page; empty if it has none."""
    page: Page | None = run_pages.STANDALONE.get(step)
    return f"{page.title.lower()}_page" if page else ""


def outputs(step: str) -> Mapping[str, type[dsl.Artifact]]:
    """Artifacts that a step makes for Kubeflow, by the name that Kubeflow's pages show."""
    page = page_output(step)
    return {**({page: dsl.HTML} if page else {}), **visualisations.OUTPUTS.get(step, {})}


def write(executor_input: str, node: str, run: RunSources) -> None:
    """Writes the figures of a node to where the launcher looks for them.

    Args:
      executor_input: The JSON of Kubeflow's `ExecutorInput`.
      node: Of `visualisations.OUTPUTS`.
      run: Sources of the run.

    Raises:
      UndeclaredFigureError: The launcher does not wait for one of them.
    """
    given = json_format.Parse(executor_input, pipeline_spec_pb2.ExecutorInput()).outputs
    said = pipeline_spec_pb2.ExecutorOutput()
    for name, figure in visualisations.of_node(node, run).items():
        if name not in given.artifacts:
            raise UndeclaredFigureError(f"the compiled step {node} has no output {name}")
        [declared] = given.artifacts[name].artifacts
        told = said.artifacts[name].artifacts.add(name=declared.name, uri=declared.uri)
        told.metadata.update(figure.metadata)
    text = json_format.MessageToJson(said)  # refuses what is no JSON
    path = pathlib.Path(given.output_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
