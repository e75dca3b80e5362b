"""The worker of container steps in this process: real steps of a small package."""

import os
import pathlib
import signal
import textwrap
import threading
import time

import pytest
from kfp import compiler, dsl

from pipeline.cli import steps_worker
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.runs import events, folders
from pipeline.runs.events import Outcome
from pipeline.runs.journal import Follower
from schemas.errors import RunnerError

HEAD = """
    import os, pathlib, signal, sys, time
    from pipeline.runs.events import *
    from pipeline.runs.journal import Journal
    from pipeline.runs.folders import RunFolder
    folder = RunFolder(pathlib.Path({path!r}))
    folder.steps.mkdir(exist_ok=True)
    journal = Journal(folder.step_journal({name!r}))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load.with_overrides(
        PipelineConfig(output="runs"), {"data.manifest": "videos.csv", "name": "tested"}
    )
    folder = folders.create(pathlib.Path("runs"))
    folder.config.write_text(load.dump(config))
    return folder


@pytest.fixture
def compile_to(monkeypatch, folder):
    """Replaces the package by one whose steps, by name, run Python; `report` is the exit step."""

    def step(name, script):
        head = HEAD.format(path=str(folder.path.resolve()), name=name)

        def define():
            return dsl.ContainerSpec(
                image="image",
                command=["python", "-c"],
                args=[textwrap.dedent(head) + textwrap.dedent(script)],
            )

        define.__name__ = name.lower()
        task = dsl.container_component(define)().set_display_name(name)
        return task.set_caching_options(False)

    def compile_to(scripts, *, retries=0):
        received = []

        def write_package(config, path, shown, *, on_cluster):
            received.append((config, on_cluster))

            def body():
                with dsl.ExitHandler(step("report", scripts.get("report", ""))):
                    before = None
                    for name in scripts.keys() - {"report"}:
                        task = step(name, scripts[name])
                        task.set_retry(retries)
                        before = task if before is None else task.after(before)

            compiler.Compiler().compile(dsl.pipeline(body, name="tested"), str(path))

        monkeypatch.setattr("pipeline.runners.kubeflow.compiler.write_package", write_package)
        return received

    return compile_to


def told(folder):
    return Follower(folder.journal).read()


def test_a_run_that_its_report_step_ends_gets_no_second_end(folder, compile_to):
    end = "Journal(folder.journal).append(RunEnded(outcome=Outcome.FINISHED))"
    compile_to({"Node": "print('at work')", "report": end})
    assert steps_worker.main([str(folder.path)]) == 0
    assert [event.outcome for event in told(folder)] == [Outcome.FINISHED]
    assert folder.package.exists()
    assert folder.step_log("Node").read_text() == "at work\n"


def test_the_volume_is_the_output_folder(folder, compile_to, tmp_path):
    received = compile_to({"Node": ""})
    steps_worker.main([str(folder.path)])
    [(config, on_cluster)] = received
    assert config.output == config.kubeflow.mount_path == str(tmp_path / "runs")
    assert config.data.manifest == str(tmp_path / "videos.csv")
    assert config.data.videos_root == ""
    assert not on_cluster


def test_what_steps_hand_to_kubeflow_is_kept_in_the_folder_of_the_run(folder, monkeypatch):
    def write_package(config, path, shown, *, on_cluster):
        @dsl.container_component
        def show(page: dsl.Output[dsl.HTML]):
            return dsl.ContainerSpec(image="image", command=["touch"], args=[page.path])

        def body():
            show().set_caching_options(False).set_display_name("Trainer")

        compiler.Compiler().compile(dsl.pipeline(body, name="tested"), str(path))

    monkeypatch.setattr("pipeline.runners.kubeflow.compiler.write_package", write_package)
    assert steps_worker.main([str(folder.path)]) == 0
    kept = {path.name for path in (folder.path / "kubeflow" / "Trainer").iterdir()}
    assert kept == {"page", "artifacts.json"}


def test_a_step_that_was_killed_is_told_with_its_last_words(folder, compile_to):
    compile_to({"Node": "print('last words', flush=True); os.kill(os.getpid(), signal.SIGKILL)"})
    assert steps_worker.main([str(folder.path)]) == 1
    failed, ended = told(folder)
    assert (failed.node, failed.code) == ("Node", "step_failed")
    assert (
        "Node was killed by SIGKILL (out of memory?); it said last:\nlast words" in failed.message
    )
    assert str(folder.step_log("Node").resolve()) in failed.advice
    assert ended.outcome is Outcome.FAILED


@pytest.mark.parametrize("status", [2, 255])
def test_a_step_that_could_not_begin_is_told_with_its_status(folder, compile_to, status):
    compile_to({"Node": f"sys.exit({status})"})
    assert steps_worker.main([str(folder.path)]) == 1
    failed, _ = told(folder)
    assert f"Node ended with status {status}" in failed.message


def test_a_step_that_told_its_failure_is_not_told_again(folder, compile_to):
    tell = "journal.append(Failed(node='Node', type='X', message='mine')); sys.exit(1)"
    compile_to({"Node": tell})
    assert steps_worker.main([str(folder.path)]) == 1
    assert [event.outcome for event in told(folder)] == [Outcome.FAILED]


def test_a_failure_that_an_earlier_attempt_told_does_not_hide_the_last_one(folder, compile_to):
    script = """
        if (folder.path / "tried").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        (folder.path / "tried").touch()
        journal.append(Failed(node="Node", type="X", message="mine"))
        sys.exit(1)
    """
    compile_to({"Node": script}, retries=1)
    assert steps_worker.main([str(folder.path)]) == 1
    failed, _ = told(folder)
    assert "SIGKILL" in failed.message


def test_a_retry_that_succeeds_leaves_no_failure(folder, compile_to):
    script = """
        if not (folder.path / "tried").exists():
            (folder.path / "tried").touch()
            sys.exit(1)
    """
    compile_to({"Node": script}, retries=1)
    assert steps_worker.main([str(folder.path)]) == 0
    assert [event.outcome for event in told(folder)] == [Outcome.FINISHED]


def test_the_report_step_finds_the_failure_in_the_journal(folder, compile_to):
    show = "print(folder.journal.read_text()); sys.stdout.flush()"
    compile_to({"Node": "sys.exit(3)", "report": show})
    steps_worker.main([str(folder.path)])
    assert "Node ended with status 3" in folder.step_log("report").read_text()


def test_a_package_that_cannot_be_compiled_is_a_failure(folder, monkeypatch):
    def refuse(config, path, shown, *, on_cluster):
        raise RunnerError("bundle_too_large", "too long")

    monkeypatch.setattr("pipeline.runners.kubeflow.compiler.write_package", refuse)
    assert steps_worker.main([str(folder.path)]) == 1
    failed, ended = told(folder)
    assert (failed.code, failed.message) == ("bundle_too_large", "too long")
    assert ended.outcome is Outcome.FAILED


def test_an_interrupt_ends_the_run_as_interrupted(folder, compile_to):
    ready = folder.path.resolve() / "ready"
    compile_to({"Node": "(folder.path / 'ready').touch(); time.sleep(60)", "report": ""})

    def interrupt():
        deadline = time.monotonic() + 60
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    assert steps_worker.main([str(folder.path)]) == 130
    assert [type(event) for event in told(folder)] == [events.RunEnded]
    assert told(folder)[0].outcome is Outcome.INTERRUPTED
    assert folder.step_log("report").exists()
