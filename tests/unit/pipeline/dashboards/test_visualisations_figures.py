"""How a container tells Kubeflow's launcher of its figures."""

import json

import pytest
from coded import raises_code
from google.protobuf import json_format
from kfp import dsl
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.dashboards import visualisations
from schemas.names import NODES, PREPARE, REPORT


@pytest.fixture
def executor_input(tmp_path):
    """What the launcher tells the step of Trainer, as JSON; its folder is not there yet."""
    given = pipeline_spec_pb2.ExecutorInput()
    given.outputs.output_file = str(tmp_path / "kfp_outputs" / "output_metadata.json")
    given.outputs.artifacts["training_metrics"].artifacts.add(
        name="training_metrics", uri="minio://mlpipeline/v2/artifacts/training_metrics"
    ).type.schema_title = "system.Metrics"
    return json_format.MessageToJson(given)


@pytest.fixture
def made(monkeypatch):
    """Replaces the figures of every node."""
    return lambda **by_name: monkeypatch.setattr(
        visualisations, "of_node", lambda node, run: by_name
    )


def written(tmp_path):
    return json.loads((tmp_path / "kfp_outputs" / "output_metadata.json").read_text())


def test_figures_go_to_the_launchers_file_with_the_address_that_it_gave(
    executor_input, made, tmp_path
):
    made(training_metrics=dsl.Metrics(metadata={"val_auc": 0.75, "notice": "synthetic"}))
    visualisations.write_figures(executor_input, "Trainer", run=None)
    assert written(tmp_path) == {
        "artifacts": {
            "training_metrics": {
                "artifacts": [
                    {
                        "name": "training_metrics",
                        "uri": "minio://mlpipeline/v2/artifacts/training_metrics",
                        "metadata": {"val_auc": 0.75, "notice": "synthetic"},
                    }
                ]
            }
        }
    }


def test_no_figures_are_told_as_nothing(executor_input, made, tmp_path):
    made()
    visualisations.write_figures(executor_input, "Trainer", run=None)
    assert written(tmp_path) == {}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_json_is_never_written(executor_input, made, tmp_path, number):
    """Kubeflow's launcher would fail a step over it, whose node has done its work."""
    made(training_metrics=dsl.Metrics(metadata={"val_auc": number}))
    with pytest.raises(json_format.SerializeToJsonError, match=r"(?i)nan|infinity"):
        visualisations.write_figures(executor_input, "Trainer", run=None)
    assert not (tmp_path / "kfp_outputs").exists()


def test_a_figure_that_the_package_does_not_know_is_refused(executor_input, made):
    made(other=dsl.Metrics())
    with raises_code("undeclared_figure", match="Trainer has no output other"):
        visualisations.write_figures(executor_input, "Trainer", run=None)


def test_steps_with_nothing_to_show_declare_nothing():
    shows = {"ExampleValidator", "DataGate", "Trainer", "Evaluator", REPORT}
    assert {
        step for step in (PREPARE, *NODES, REPORT) if visualisations.outputs_of_step(step)
    } == shows


def test_the_page_of_a_step_is_html_and_named_for_people():
    assert visualisations.outputs_of_step(REPORT) == {"run_page": dsl.HTML}
    assert visualisations.outputs_of_step("DataGate") == {"data_page": dsl.HTML}
