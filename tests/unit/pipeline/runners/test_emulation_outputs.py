"""Artifacts of container steps, as Kubeflow's launcher has them made and reads them back."""

import json

import pytest
from coded import raises_code
from google.protobuf import json_format
from kfp import compiler, dsl
from kfp.local import executor_output_utils
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners import emulation
from pipeline.runs.folders import RunFolder

# A step in Python with kfp's own executor classes: it gets the ExecutorInput and the page's place.
HEAD = """
import json, pathlib, sys
given, page = json.loads(sys.argv[1]), pathlib.Path(sys.argv[2])
outputs = given["outputs"]["artifacts"]
def say(**metadata):
    said = {
        name: {"artifacts": [{**outputs[name]["artifacts"][0], "metadata": values}]}
        for name, values in metadata.items()
    }
    write(json.dumps({"artifacts": said}))
def write(text):
    pathlib.Path(given["outputs"]["outputFile"]).write_text(text)
"""


@pytest.fixture
def run(tmp_path):
    """Runs one step with a page, scalars and a curve; returns success and all that ended."""

    def run(script, *, retries=0, component=None):
        @dsl.container_component
        def show(
            run_id: str,
            epochs: int,
            page: dsl.Output[dsl.HTML],
            scalars: dsl.Output[dsl.Metrics],
            curve: dsl.Output[dsl.ClassificationMetrics],
        ):
            return dsl.ContainerSpec(
                image="image",
                command=["python", "-c", HEAD + script],
                args=[dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER, page.path, run_id, epochs],
            )

        def body():
            task = (component or show)(run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER, epochs=3)
            task.set_caching_options(False).set_display_name("Show")
            task.set_retry(retries)

        path, ended = tmp_path / "package.yaml", []
        compiler.Compiler().compile(dsl.pipeline(body, name="tested"), str(path))
        steps = emulation.load(path, run_id="run-1")
        (tmp_path / "logs").mkdir()
        succeeded = emulation.execute(steps, RunFolder(tmp_path), observe=ended.append)
        return succeeded, ended

    return run


def collected(tmp_path):
    """The artifacts of the step as kfp's own types, by name."""
    text = (tmp_path / "kubeflow" / "Show" / "artifacts.json").read_text()
    output = json_format.Parse(text, pipeline_spec_pb2.ExecutorOutput())
    return {
        name: executor_output_utils.artifact_list_to_dsl_artifact(found, is_artifact_list=False)
        for name, found in output.artifacts.items()
    }


def test_what_a_step_writes_is_kept_as_artifacts_of_kfps_types(run, tmp_path):
    script = """
page.write_text("<p>a page</p>")
say(scalars={"auc": 0.75}, curve={"confusionMatrix": {"rows": [{"row": [1, 2]}]}})
"""
    assert run(script)[0], (tmp_path / "logs" / "Show.log").read_text()
    found = collected(tmp_path)
    assert {name: type(artifact) for name, artifact in found.items()} == {
        "page": dsl.HTML,
        "scalars": dsl.Metrics,
        "curve": dsl.ClassificationMetrics,
    }
    folder = tmp_path / "kubeflow" / "Show"
    assert found["page"].path == str(folder / "page")
    assert (folder / "page").read_text() == "<p>a page</p>"
    assert found["scalars"].metadata == {"auc": 0.75}
    assert found["curve"].metadata == {"confusionMatrix": {"rows": [{"row": [1, 2]}]}}


def test_a_step_is_told_its_inputs_and_outputs_as_kubeflow_tells_them(run, tmp_path):
    assert run("print(json.dumps(given)); print(sys.argv[3:])")[0]
    told, words = (tmp_path / "logs" / "Show.log").read_text().splitlines()
    message = json_format.Parse(told, pipeline_spec_pb2.ExecutorInput())
    values = {
        key: json_format.MessageToDict(v) for key, v in message.inputs.parameter_values.items()
    }
    assert values == {"run_id": "run-1", "epochs": 3}
    assert words == "['run-1', '3']"
    [page] = message.outputs.artifacts["page"].artifacts
    assert (page.name, page.type.schema_title) == ("page", "system.HTML")
    assert json.loads(told)["outputs"]["outputFile"] == message.outputs.output_file


def test_a_step_need_not_make_any_of_its_artifacts(run, tmp_path):
    assert run("")[0]
    assert {name: one.metadata for name, one in collected(tmp_path).items()} == {
        "page": {},
        "scalars": {},
        "curve": {},
    }


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("write('{\"artifacts\": {')", "Expecting"),
        ("say(scalars={'auc': float('nan')})", "NaN is no JSON"),
        ("say(scalars={'auc': float('inf')})", "Infinity is no JSON"),
        ("write('{\"artefacts\": {}}')", "artefacts"),
        ("outputs['other'] = outputs['page']; say(other={})", "Show has no output other"),
    ],
    ids=["torn", "nan", "infinity", "unknown field", "undeclared artifact"],
)
def test_a_step_whose_word_kubeflow_could_not_read_has_failed(run, caplog, script, why):
    succeeded, [attempt] = run(script)
    assert not succeeded
    assert (attempt.outcome.value, attempt.status) == ("failed", 1)
    assert "bad_output" in caplog.text
    assert why in caplog.text


def test_what_a_failed_step_wrote_is_not_read(run, tmp_path):
    succeeded, [attempt] = run("write('torn'); sys.exit(3)")
    assert (succeeded, attempt.status) == (False, 3)
    assert not (tmp_path / "kubeflow" / "Show" / "artifacts.json").exists()


def test_a_retry_finds_no_output_of_the_attempt_before(run, tmp_path):
    script = """
if not (page.parent.parent / "tried").exists():
    (page.parent.parent / "tried").touch()
    page.write_text("of the first attempt")
    say(scalars={"auc": 0.1})
    sys.exit(1)
print("left over:", page.exists())
"""
    assert run(script, retries=1)[0]
    assert (tmp_path / "logs" / "Show.log").read_text() == "left over: False\n"
    assert collected(tmp_path)["scalars"].metadata == {}


def test_a_step_without_outputs_gets_no_folder(run, tmp_path):
    @dsl.container_component
    def silent(run_id: str, epochs: int):
        return dsl.ContainerSpec(image="image", command=["true"], args=[run_id, epochs])

    assert run("", component=silent)[0]
    assert not (tmp_path / "kubeflow").exists()


def test_the_place_of_an_output_that_a_step_does_not_have_is_refused(run):
    @dsl.container_component
    def wrong(run_id: str, epochs: int, page: dsl.Output[dsl.HTML]):
        place = "{{$.outputs.artifacts['other'].path}}"
        return dsl.ContainerSpec(image="image", command=["touch", place])

    with raises_code("unsupported_step", match=r"step Show: the placeholder .*other"):
        run("", component=wrong)
