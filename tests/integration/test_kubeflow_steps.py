"""The compiled Kubeflow package, run for real: its own command lines, one process a step.

The steps share a MariaDB server and a folder, as pods would. The runs follow one another on the
same output folder: `whole` is everything from nothing; `repeat` changes nothing while, at the same
time, `troubled` adds a video, has its extractor killed and its manifest missing for a while;
`settled` changes nothing again.
"""

import collections
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import signal
import time

import pytest
from google.protobuf import json_format
from kfp import dsl
from kfp.local import executor_output_utils
from kfp.pipeline_spec import pipeline_spec_pb2
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import load
from pipeline.metadata import connection
from pipeline.runners import emulation
from pipeline.runs import events
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Follower, RunFollower
from schemas import signatures, track_index
from schemas.names import NODES

pytestmark = pytest.mark.slow

ALWAYS_ASKED = {"LatestBlessedModel"}
WAIT_SECONDS = 300.0


@dataclasses.dataclass(frozen=True)
class Team:
    """A database and an output folder, and the call that uses them."""

    output: pathlib.Path
    arguments: tuple[str, ...]
    environment: dict[str, str]
    config: load.PipelineConfig


@pytest.fixture(scope="session")
def team(mariadb, workplace, tmp_path_factory):
    output = tmp_path_factory.mktemp("team") / "runs"
    settings = mariadb.settings(mariadb.create_database())
    pairs = [f"{key}={value}" for key, value in settings.items()]
    arguments = [*workplace.arguments, "--runner", "kubeflow-steps"]
    arguments += [word for pair in pairs for word in ("--set", pair)]
    config = load.with_overrides(load.load("local"), {**settings, "output": str(output)})
    return Team(output, tuple(arguments), mariadb.environment, config)


@pytest.fixture(scope="session")
def store(team):
    """The team's metadata, read directly."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in team.environment.items():
            patch.setenv(name, value)
        return metadata_store.MetadataStore(connection.connection(team.config))


@pytest.fixture(scope="session")
def whole(team, runner):
    return runner(team.output, *team.arguments, environment=team.environment)


@pytest.fixture(scope="session")
def pair(whole, team, deepfake, extended_manifest):
    """`repeat` and `troubled`, at the same time: exit status and run folder of each."""
    changed = ("--manifest", str(extended_manifest), "--set", "evaluation.min_test_videos=1000")
    with concurrent.futures.ThreadPoolExecutor() as threads:
        troubled = threads.submit(_run, deepfake, team, *changed)
        folder = _new_folder(team.output, known={whole.folder})
        repeat = threads.submit(_run, deepfake, team)
        _hide_for_a_while(extended_manifest, folder)
        _kill_once(folder, "FrameExtractor")
        return {"repeat": repeat.result(), "troubled": troubled.result()}


@pytest.fixture(scope="session")
def repeat(pair):
    return pair["repeat"]


@pytest.fixture(scope="session")
def troubled(pair):
    return pair["troubled"]


@pytest.fixture(scope="session")
def settled_steps(pair, team, runner):
    return runner(team.output, *team.arguments, environment=team.environment)


def test_every_step_of_the_package_ran_and_a_model_was_pushed(whole, team):
    assert whole.status == 0, whole.screen
    assert whole.summary["status"] == "pushed"
    assert whole.states == dict.fromkeys(NODES, "ran")
    logs = {path.stem for path in (whole.folder / "logs").glob("*.log")}
    assert len(logs) >= len(NODES) + 2, "each step has a log, `prepare` and `report` too"
    assert (whole.folder / "pipeline.yaml").is_file()


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


def test_a_repeat_beside_another_run_reruns_only_what_the_new_baseline_changes(repeat):
    status, summary = repeat
    assert status == 0
    ran = {node["id"] for node in summary["nodes"] if node["state"] == "ran"}
    assert ran == {"Evaluator", "Pusher"} | ALWAYS_ASKED
    assert summary["baseline_compared"] is True


def test_a_new_video_reruns_only_its_downstream(troubled, whole):
    status, summary = troubled
    assert status == 3, "it asks for more test videos than there are"
    states = {node["id"]: node["state"] for node in summary["nodes"]}
    assert states.pop("ImportSchemaGen") == "cached"
    assert set(states.values()) == {"ran"}
    assert summary["videos"]["in"] == whole.summary["videos"]["in"] + 1


def test_a_failed_and_a_killed_step_went_on_with_their_own_executions(pair, store):
    _, summary = pair["troubled"]
    executions = _executions_of_run(store, summary["run_id"])
    assert sorted(node for node, _ in executions) == sorted(NODES), "one each: none was doubled"
    assert {state for _, state in executions} <= {"COMPLETE", "CACHED"}
    tries = _attempts(RunFolder(pathlib.Path(summary["run_dir"])))
    assert tries["VideoValidator"] > 1, "its manifest was missing at first"
    assert tries["FrameExtractor"] == 2
    assert tries["Transform"] == 1


def test_nothing_of_the_killed_attempt_was_published(pair, store):
    """Every output of the run is there once, live, and with its files."""
    outputs = _outputs_of_run(store, pair["troubled"][1]["run_id"])
    assert len({event.execution_id for event in outputs}) == len(NODES) - 2  # resolver, cached
    places = [(e.execution_id, *(str(step) for step in e.path.steps)) for e in outputs]
    assert len(set(places)) == len(places)
    artifacts = store.get_artifacts_by_id([event.artifact_id for event in outputs])
    assert {artifact.state for artifact in artifacts} == {metadata_store_pb2.Artifact.LIVE}
    assert [a.uri for a in artifacts if not pathlib.Path(a.uri).exists()] == []


def test_the_run_after_that_is_cached_entirely(settled_steps, repeat):
    assert settled_steps.status == 0, settled_steps.screen
    cached = {node for node, state in settled_steps.states.items() if state == "cached"}
    assert cached == set(NODES) - ALWAYS_ASKED
    assert settled_steps.summary["pushed"] == repeat[1]["pushed"]


def test_cached_steps_link_to_the_pages_of_their_own_run(settled_steps, store):
    run_id = settled_steps.folder.name
    assert all(f"/{run_id}/" in address for address in _dashboards(store, run_id).values())


def _run(deepfake, team, *more):
    """Runs the command; returns its exit status and the report of its run."""
    done = deepfake(
        *("run", "--output", str(team.output), *team.arguments, *more),
        environment=team.environment,
    )
    run_id = re.search(r"run (\S+) of ", done.stdout)
    assert run_id, done.stdout
    return done.returncode, json.loads((team.output / run_id[1] / "summary.json").read_text())


def _wait(found):
    """Waits until `found()` is true, and returns it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.1)
    raise TimeoutError(found)


def _new_folder(output, *, known):
    return RunFolder(_wait(lambda: next(iter(_run_folders(output) - known), None)))


def _run_folders(output):
    return {path.parent for path in output.glob("*/events.jsonl")}


def _hide_for_a_while(manifest, folder):
    """Takes the manifest away until the step that reads it has failed once."""
    away = manifest.with_suffix(".away")
    manifest.rename(away)
    journal = folder.step_journal("VideoValidator")
    try:
        _wait(lambda: any(isinstance(e, events.Failed) for e in Follower(journal).read()))
    finally:
        away.rename(manifest)


def _kill_once(folder, node):
    """Kills the process of a step with SIGKILL while its node is at work; returns its id."""
    journal = folder.step_journal(node)
    _wait(lambda: any(isinstance(e, events.NodeStarted) for e in Follower(journal).read()))
    time.sleep(1.0)
    pid = _process_of(folder.run_id, node)
    os.kill(pid, signal.SIGKILL)
    return pid


def _process_of(run_id, node):
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        is_step = words[1:3] == ["-m", "pipeline.cli.node"]  # and not what stands around it
        if is_step and run_id in words and node in words:
            return int(path.parent.name)
    raise LookupError(f"no process of {node} in {run_id}")


def _attempts(folder):
    """How often each node was handed to its driver."""
    return collections.Counter(
        event.node for event in RunFollower(folder).read() if isinstance(event, events.NodeStarted)
    )


def _executions_of_run(store, run_id):
    """Node and state of every execution of a run."""
    name = metadata_store_pb2.Execution.State.Name
    return [(node, name(one.last_known_state)) for node, one in _executions(store, run_id)]


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
    text = (emulation.outputs_of(RunFolder(folder), step) / emulation.COLLECTED).read_text()
    told = json_format.Parse(text, pipeline_spec_pb2.ExecutorOutput())
    return {
        name: executor_output_utils.artifact_list_to_dsl_artifact(found, is_artifact_list=False)
        for name, found in told.artifacts.items()
    }


def _outputs_of_run(store, run_id):
    """Output events of the executions of a run that were not taken from the cache."""
    [run] = [c for c in store.get_contexts_by_type("pipeline_run") if c.name == run_id]
    complete = [
        execution.id
        for execution in store.get_executions_by_context(run.id)
        if execution.last_known_state == metadata_store_pb2.Execution.COMPLETE
    ]
    return [e for e in store.get_events_by_execution_ids(complete) if e.type == e.OUTPUT]


def _detector(run):
    path = pathlib.Path(run.summary["pushed"]["path"], "assets.extra", signatures.DETECTOR_FILE)
    return json.loads(path.read_text())


def _examples_digest(run):
    """Digest over what each example says, of the run's extraction."""
    [uri] = (run.folder.parent / "artifacts" / "FrameExtractor" / "examples").iterdir()
    rows = sorted((row.video_key, row.split, row.digest) for row in track_index.read(str(uri)))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
