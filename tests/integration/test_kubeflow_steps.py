"""The compiled Kubeflow package, run for real: its own command lines, one process a step.

The steps share a MariaDB server and a folder, as pods would. One run from nothing, with the real
nodes: what follows from failures and repetition is tested with small ones (`test_step_failures`),
and that a repeat takes from the cache what it can, on this machine (`test_local_run`).
"""

import dataclasses
import hashlib
import json
import pathlib

import pytest
from google.protobuf import json_format
from kfp import dsl
from kfp.local import executor_output_utils
from kfp.pipeline_spec import pipeline_spec_pb2
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import load
from pipeline.metadata import connection
from schemas import signatures, track_index
from schemas.names import NODES

pytestmark = pytest.mark.slow


@dataclasses.dataclass(frozen=True)
class Team:
    """A database and an output folder, and the call that uses them."""

    output: pathlib.Path
    arguments: tuple[str, ...]
    environment: dict[str, str]
    config: load.PipelineConfig


@pytest.fixture(scope="module")
def team(mariadb, workplace, tmp_path_factory):
    output = tmp_path_factory.mktemp("team") / "runs"
    settings = mariadb.settings(mariadb.create_database())
    pairs = [f"{key}={value}" for key, value in settings.items()]
    arguments = [*workplace.arguments, "--runner", "kubeflow-steps"]
    arguments += [word for pair in pairs for word in ("--set", pair)]
    config = load.with_overrides(load.load("local"), {**settings, "output": str(output)})
    return Team(output, tuple(arguments), mariadb.environment, config)


@pytest.fixture(scope="module")
def store(team):
    """The team's metadata, read directly."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in team.environment.items():
            patch.setenv(name, value)
        return metadata_store.MetadataStore(connection.connection(team.config))


@pytest.fixture(scope="module")
def whole(team, runner):
    return runner(team.output, *team.arguments, environment=team.environment)


def test_every_step_of_the_package_ran_and_a_model_was_pushed(whole, team):
    assert whole.status == 0, whole.screen
    assert whole.summary["status"] == "pushed"
    assert whole.states == dict.fromkeys(NODES, "ran")
    assert (whole.folder / "pipeline.yaml").is_file()
    logs = {path.stem for path in (whole.folder / "logs").glob("*.log")}
    assert len(logs) >= len(NODES) + 2, "each step has a log, `prepare` and `report` too"


def test_every_node_of_the_package_has_one_execution_and_it_is_complete(whole, store):
    found = {node: one.last_known_state for node, one in _executions(store, whole.folder.name)}
    assert found == dict.fromkeys(NODES, metadata_store_pb2.Execution.COMPLETE)
    assert len(list(_executions(store, whole.folder.name))) == len(NODES)


def test_the_steps_wrote_the_pages_of_the_run_and_their_executions_link_there(whole, store):
    site = whole.folder.parent / "dashboard"
    pages = site / "runs" / whole.folder.name
    names = {"index", "evaluation", "data", "training", "errors", "lineage"}
    assert names <= {path.stem for path in pages.glob("*.html")}
    assert (site / "index.html").is_file()
    assert not list((whole.folder / "logs").glob("pages-*")), "no page met a problem"
    assert f"dashboard  {pages / 'index.html'}" in whole.screen
    assert _dashboards(store, whole.folder.name) == {
        "ExampleValidator": str(pages / "data.html"),
        "DataGate": str(pages / "data.html"),
        "Trainer": str(pages / "training.html"),
        "Evaluator": str(pages / "evaluation.html"),
        "Pusher": str(pages / "lineage.html"),
    }


def test_kubeflow_got_the_pages_and_the_figures_of_the_run(whole):
    overall = whole.summary["metrics"]["overall"]
    shown = _shown(whole.folder, "Evaluator")
    assert shown["test_metrics"].metadata["video_auc"] == (overall["metrics"]["video_auc"]["value"])
    matrix = shown["test_videos"].metadata["confusionMatrix"]
    rows = [sum(row["row"]) for row in matrix["rows"]]
    assert rows == [overall["num_real_videos"], overall["num_fake_videos"]]
    curve = shown["test_videos"].metadata["confidenceMetrics"]
    assert [curve[end]["recall"] for end in (0, -1)] == [0, 1]
    assert _shown(whole.folder, "Trainer")["training_metrics"].metadata["num_epochs"] > 0
    for step in ("ExampleValidator", "DataGate", "Trainer", "Evaluator", "report"):
        [page] = [a for a in _shown(whole.folder, step).values() if isinstance(a, dsl.HTML)]
        text = pathlib.Path(page.path).read_text()
        assert "Plotly" in text
        assert "<img" not in text, "no person leaves the output folder"


def test_the_model_is_that_of_the_local_runner(whole, first):
    ours, theirs = _detector(whole), _detector(first)
    assert ours["preprocessing_hash"] == theirs["preprocessing_hash"]
    assert ours["training"] == theirs["training"]
    assert _examples_digest(whole) == _examples_digest(first)
    assert ours["num_epochs"] > 0
    auc = {
        name: run.summary["metrics"]["overall"]["metrics"]["video_auc"]["value"]
        for name, run in (("steps", whole), ("local", first))
    }
    assert auc["steps"] == pytest.approx(auc["local"], abs=0.2)


def _dashboards(store, run_id):
    """The page that each node's execution in a run links to."""
    found = {node: one.custom_properties for node, one in _executions(store, run_id)}
    return {node: it["dashboard"].string_value for node, it in found.items() if "dashboard" in it}


def _executions(store, run_id):
    """Every execution of a run with its node."""
    [run] = [c for c in store.get_contexts_by_type("pipeline_run") if c.name == run_id]
    for execution in store.get_executions_by_context(run.id):
        contexts = store.get_contexts_by_execution(execution.id)
        [node] = [c.name.rpartition(".")[2] for c in contexts if c.type == "node"]
        yield node, execution


def _shown(folder, step):
    """What a step handed to Kubeflow, as kfp's own types."""
    text = (folder / "kubeflow" / step / "artifacts.json").read_text()
    told = json_format.Parse(text, pipeline_spec_pb2.ExecutorOutput())
    return {
        name: executor_output_utils.artifact_list_to_dsl_artifact(found, is_artifact_list=False)
        for name, found in told.artifacts.items()
    }


def _detector(run):
    path = pathlib.Path(run.summary["pushed"]["path"], "assets.extra", signatures.DETECTOR_FILE)
    return json.loads(path.read_text())


def _examples_digest(run):
    """Digest over what each example says, of the run's extraction."""
    [uri] = (run.folder.parent / "artifacts" / "FrameExtractor" / "examples").iterdir()
    rows = sorted((row.video_key, row.split, row.digest) for row in track_index.read(str(uri)))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
