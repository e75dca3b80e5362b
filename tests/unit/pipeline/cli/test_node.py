"""Command line of a container step: what it refuses, and what it leaves for the others."""

import pathlib

import pytest
from ml_metadata.metadata_store import metadata_store

from pipeline.cli import node
from pipeline.config import load
from pipeline.metadata import connection
from pipeline.runners import bundle
from pipeline.runs import events
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Follower, RunFollower
from schemas.names import NODES


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "videos.csv"
    path.write_text("video_id,path,label\n")
    return path


@pytest.fixture
def config(tmp_path, manifest):
    values = {"data.manifest": str(manifest), "output": str(tmp_path / "runs")}
    return load.with_overrides(load.load("local"), values)


@pytest.fixture
def prepare(config):
    """Prepares a run of the pipeline; returns exit status and run folder."""
    parcel = bundle.build(config)

    def prepare(*more, run_id="job-1", digest=parcel.digest):
        parts = [word for part in parcel.arguments() for word in ("--bundle", part)]
        argv = ["prepare", *parts, "--digest", digest, "--run-id", run_id, *more]
        return node.main(argv), RunFolder(pathlib.Path(config.output) / run_id)

    prepare.digest = parcel.digest
    return prepare


def run(folder, digest, node_id):
    argv = ["run", "--output", str(folder.path.parent), "--digest", digest]
    return node.main([*argv, "--node", node_id, "--run-id", folder.run_id])


def failures(folder):
    return [event for event in RunFollower(folder).read() if isinstance(event, events.Failed)]


def test_prepare_leaves_what_the_other_steps_read_and_may_be_repeated(prepare):
    status, folder = prepare("--set", "training.epochs", "3")
    assert status == 0
    assert load.load(folder.config).training.epochs == 3
    assert bundle.path_below(str(folder.path.parent), prepare.digest).exists()
    assert prepare("--set", "training.epochs", "3")[0] == 0
    started, planned = Follower(folder.journal).read()
    assert (started.run_id, planned.nodes) == ("job-1", NODES)


def test_the_name_of_a_run_is_part_of_its_id(prepare, config):
    assert prepare("--run-name", "nightly")[0] == 0
    assert (pathlib.Path(config.output) / "nightly-job-1" / "config.yaml").exists()


@pytest.mark.parametrize("run_id", ["{{$.pipeline_job_uuid}}", "../escape", ""])
def test_a_run_id_that_is_none_is_refused(prepare, run_id):
    assert prepare(run_id=run_id)[0] == node.BAD_CALL


def test_a_bundle_of_another_digest_is_refused(prepare, caplog):
    assert prepare(digest="0" * 64)[0] == node.BAD_CALL
    assert "bundle_digest" in caplog.text


def test_a_refused_argument_fails_the_run_before_its_first_node(prepare):
    status, folder = prepare("--set", "training.epochs", "many")
    assert status == 1
    [failed] = failures(folder)
    assert (failed.node, failed.code) == ("prepare", "config_wrong_type")
    assert "training.epochs must be a whole number" in failed.message


def test_a_node_runs_from_the_bundle_and_its_failure_is_told(prepare):
    """The manifest holds no video: the failure is the pipeline's own."""
    _, folder = prepare()
    assert run(folder, prepare.digest, "VideoValidator") == 1
    [failed] = failures(folder)
    assert failed.node == "VideoValidator"
    assert failed.code
    ended = [e for e in RunFollower(folder).read() if isinstance(e, events.NodeEnded)]
    assert [event.state.value for event in ended] == ["failed"]


def test_a_node_without_inputs_runs_and_a_second_attempt_adds_no_execution(prepare, config):
    _, folder = prepare()
    assert run(folder, prepare.digest, "LatestBlessedModel") == 0
    assert run(folder, prepare.digest, "LatestBlessedModel") == 0
    assert not failures(folder)
    store = metadata_store.MetadataStore(connection.connection(config))
    assert len(store.get_executions()) == 1


def test_a_step_writes_its_page_where_the_orchestrator_wants_a_copy(prepare, monkeypatch, tmp_path):
    """The node itself is left out: the step hands on what it was told, and when."""
    from pipeline.dashboards import run_pages
    from pipeline.runners import step

    _, folder = prepare()
    done = []
    monkeypatch.setattr(step, "run_node", lambda *arguments: done.append("ran"))
    monkeypatch.setattr(
        run_pages, "write_for", lambda *arguments, **options: done.append((arguments, options))
    )
    argv = ["run", "--output", str(folder.path.parent), "--digest", prepare.digest]
    argv += ["--node", "Trainer", "--run-id", folder.run_id]
    assert node.main([*argv, "--page", str(tmp_path / "page"), "--executor-input", "{}"]) == 0
    options = {"page_copy": tmp_path / "page", "executor_input": "{}"}
    assert done == ["ran", ((folder, "Trainer"), options)]
    assert node.main(argv) == 0
    assert done[-1] == ((folder, "Trainer"), {"page_copy": None, "executor_input": ""})


def test_a_step_whose_node_failed_writes_no_page(prepare, monkeypatch):
    from pipeline.dashboards import run_pages

    def refuse(*arguments, **options):
        raise AssertionError("a failed node has nothing to show")

    monkeypatch.setattr(run_pages, "write_for", refuse)
    _, folder = prepare()
    assert run(folder, prepare.digest, "VideoValidator") == 1
    assert len(failures(folder)) == 1


def test_the_report_writes_the_page_of_the_run_and_succeeds_whatever_the_page_meets(
    prepare, built, tmp_path
):
    _, folder = prepare()
    built["index"] = ZeroDivisionError("a bug")
    argv = ["report", "--output", str(folder.path.parent), "--run-id", folder.run_id]
    assert node.main([*argv, "--page", str(tmp_path / "page")]) == 0
    assert (
        "ZeroDivisionError: the page Run: a bug"
        in (folder.path.parent / "dashboard" / "runs" / folder.run_id / "index.html").read_text()
    )
    assert "a bug" in (tmp_path / "page").read_text()
    assert folder.summary.exists()


def test_an_unknown_node_is_answered_with_the_nearest(prepare):
    _, folder = prepare()
    assert run(folder, prepare.digest, "Trainr") == 1
    assert "did you mean Trainer?" in failures(folder)[0].message


def test_a_step_before_prepare_says_so(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "job-9")
    assert run(folder, "0" * 64, "Trainer") == 1
    assert failures(folder)[0].code == "bundle_digest"
