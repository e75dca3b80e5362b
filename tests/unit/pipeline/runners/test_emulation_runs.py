"""Packages of kfp's own compiler, run step by step with real processes."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
from coded import raises_code
from kfp import compiler, dsl, kubernetes

from pipeline.runners import emulation
from pipeline.runs.folders import RunFolder

# Waits for a file of another step, at most ten seconds.
AWAIT = "i=0; until [ -e {0} ]; do i=$((i+1)); [ $i -gt 500 ] && exit 9; sleep 0.02; done"


def step(name, script, *, after=()):
    """Adds a step that runs a shell script to the pipeline that is being defined."""

    def define():
        return dsl.ContainerSpec(image="image", command=["sh", "-c"], args=[script])

    define.__name__ = name
    task = dsl.container_component(define)().set_caching_options(False)
    return task.after(*after).set_display_name(name)


@pytest.fixture
def package(tmp_path):
    def package(body):
        path = tmp_path / "package.yaml"
        compiler.Compiler().compile(dsl.pipeline(body, name="tested"), str(path))
        return path

    return package


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path / "run-1")
    folder.log.parent.mkdir(parents=True)
    return folder


@pytest.fixture
def run(folder, package):
    """Runs a pipeline's body; returns whether it succeeded, and the attempts that ended."""

    def run(body, *, ended=None, grace_seconds=0.3):
        ended = [] if ended is None else ended
        steps = emulation.load(package(body), run_id="run-1")
        succeeded = emulation.execute(
            steps, folder, observe=ended.append, grace_seconds=grace_seconds
        )
        return succeeded, ended

    return run


def outcomes(ended):
    return [(a.step, a.number, a.outcome.value, a.status) for a in ended]


def pid_in(path):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            return int(path.read_text())
        time.sleep(0.02)
    raise AssertionError(f"no process id in {path}")


def is_gone(pid):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_steps_run_in_order_with_their_output_in_their_logs(run, folder):
    def body():
        with dsl.ExitHandler(step("report", "echo reported")):
            first = step("First", "echo one; echo two >&2")
            step("Second", "cat; echo no input", after=[first])

    succeeded, ended = run(body)
    assert succeeded
    assert outcomes(ended) == [
        ("First", 1, "succeeded", 0),
        ("Second", 1, "succeeded", 0),
        ("report", 1, "succeeded", 0),
    ]
    assert (folder.step_log("First")).read_text() == "one\ntwo\n"
    assert (folder.step_log("Second")).read_text() == "no input\n"


def test_a_failed_attempt_is_retried(run, tmp_path):
    def body():
        step("Flaky", f"mkdir {tmp_path}/tried && exit 2; date").set_retry(2)

    succeeded, ended = run(body)
    assert succeeded
    assert outcomes(ended) == [("Flaky", 1, "failed", 2), ("Flaky", 2, "succeeded", 0)]
    assert [attempt.will_retry for attempt in ended] == [True, False]


def test_after_a_failure_for_good_nothing_starts_but_the_exit_step(run):
    def body():
        with dsl.ExitHandler(step("report", "true")):
            failing = step("Failing", "exit 1").set_retry(1)
            step("Behind", "true", after=[failing])
            step("Later", "true")

    succeeded, ended = run(body)
    assert not succeeded
    assert outcomes(ended) == [
        ("Failing", 1, "failed", 1),
        ("Failing", 2, "failed", 1),
        ("report", 1, "succeeded", 0),
    ]


def test_a_run_whose_exit_step_fails_has_failed(run):
    def body():
        with dsl.ExitHandler(step("report", "exit 1")):
            step("Only", "true")

    assert run(body)[0] is False


def test_a_time_out_kills_the_step_and_all_that_it_started(run, tmp_path):
    child, other = tmp_path / "child", tmp_path / "other"

    def body():
        script = f"""
            trap '' TERM
            sleep 300 & echo $! > {child}
            setsid sh -c 'echo $$ > {other}; exec sleep 300' &
            wait
        """
        with dsl.ExitHandler(step("report", "true")):
            kubernetes.set_timeout(step("Hanging", script), 3)

    succeeded, ended = run(body)
    assert not succeeded
    assert outcomes(ended) == [
        ("Hanging", 1, "timed out", 137),
        ("report", 1, "succeeded", 0),
    ]
    assert is_gone(pid_in(child))
    assert is_gone(pid_in(other))


def test_a_timed_out_step_may_end_by_itself_and_is_tried_again(run, tmp_path):
    def body():
        script = f"mkdir {tmp_path}/tried || exit 0; trap 'exit 0' TERM; sleep 60 & wait"
        task = step("Slow", script).set_retry(1)
        kubernetes.set_timeout(task, 3)

    succeeded, ended = run(body, grace_seconds=30)
    assert succeeded
    assert outcomes(ended) == [("Slow", 1, "timed out", 0), ("Slow", 2, "succeeded", 0)]


def test_what_a_step_leaves_running_ends_with_it(run, tmp_path):
    left = tmp_path / "left"

    def body():
        step("Careless", f"setsid sh -c 'echo $$ > {left}; exec sleep 300' & {AWAIT.format(left)}")

    assert run(body)[0]
    assert is_gone(pid_in(left))


@pytest.mark.parametrize(
    ("script", "status", "logged"),
    [
        ("kill -KILL $$", 137, ""),
        ("exec no-such-command", 127, "no-such-command"),
    ],
)
def test_the_status_of_a_step_is_that_of_a_container(run, folder, script, status, logged):
    def body():
        step("Broken", script)

    _, [attempt] = run(body)
    assert attempt.status == status
    assert logged in (folder.step_log("Broken")).read_text()


def test_a_command_that_does_not_exist_is_told_in_the_log(run, folder):
    def body():
        @dsl.container_component
        def absent():
            return dsl.ContainerSpec(image="image", command=["no-such-command"])

        absent().set_caching_options(False)

    succeeded, [attempt] = run(body)
    assert not succeeded
    assert attempt.status == 127
    assert "cannot run no-such-command" in (folder.step_log("absent")).read_text()


def test_a_step_sees_only_what_a_container_would(run, folder, monkeypatch):
    monkeypatch.setenv("UNDECLARED", "of the shell")
    monkeypatch.setenv("PASSWORD", "of the Secret")

    def body():
        task = step("Curious", "env; command -v python")
        task.set_env_variable("MODE", "of the package")
        kubernetes.use_secret_as_env(task, "account", {"password": "PASSWORD"})

    assert run(body)[0]
    lines = (folder.step_log("Curious")).read_text().splitlines()
    assert "MODE=of the package" in lines
    assert "PASSWORD=of the Secret" in lines
    assert not [line for line in lines if line.startswith("UNDECLARED")]
    known = {*emulation.INHERITED, "PATH", "PYTHONPATH", "PYTHONSAFEPATH", "MODE", "PASSWORD"}
    assert {line.partition("=")[0] for line in lines[:-1]} - known <= {"PWD", "_", "SHLVL"}
    assert pathlib.Path(lines[-1]).parent == pathlib.Path(sys.executable).parent
    [paths] = [line.partition("=")[2] for line in lines if line.startswith("PYTHONPATH=")]
    code = pathlib.Path(paths.split(os.pathsep)[0])
    assert code == pathlib.Path(emulation.__file__).parents[2]
    assert (code / "pipeline" / "cli" / "node.py").is_file()


def test_missing_secrets_are_named_before_anything_starts(run, folder):
    def body():
        first = step("First", "true")
        second = step("Second", "true", after=[first])
        kubernetes.use_secret_as_env(second, "account", {"password": "K4_PASSWORD"})
        kubernetes.use_secret_as_env(second, "maybe", {"x": "K4_MAYBE"}, optional=True)

    with raises_code("missing_secret") as refusal:
        run(body)
    assert "K4_PASSWORD (key password of Secret account)" in str(refusal.value)
    assert "K4_MAYBE" not in str(refusal.value)
    assert not (folder.step_log("First")).exists()


def test_a_missing_volume_is_told_before_anything_starts(run, folder, tmp_path):
    def body():
        kubernetes.mount_pvc(step("First", "true"), "artifacts", f"{tmp_path}/nowhere")

    with raises_code("missing_volume", match=r"nowhere, where .* artifacts"):
        run(body)
    assert not (folder.step_log("First")).exists()


def interrupt_when(path):
    """Sends SIGINT to this process, as Ctrl-C does, once `path` exists."""

    def wait():
        pid_in(path)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()


def test_an_interrupt_ends_the_step_and_runs_the_exit_step(run, folder, tmp_path):
    polite = tmp_path / "polite"

    def body():
        with dsl.ExitHandler(step("report", "true")):
            script = f"trap 'echo stopped; exit 0' INT; echo $$ > {polite}; sleep 60 & wait"
            first = step("Polite", script).set_retry(3)
            step("Next", "true", after=[first])

    interrupt_when(polite)
    former = signal.getsignal(signal.SIGINT)
    ended = []
    with pytest.raises(KeyboardInterrupt):
        run(body, ended=ended, grace_seconds=30)
    assert outcomes(ended) == [("Polite", 1, "stopped", 0), ("report", 1, "succeeded", 0)]
    assert "stopped" in folder.step_log("Polite").read_text()
    assert is_gone(pid_in(polite))
    assert signal.getsignal(signal.SIGINT) is former


def test_a_step_that_does_not_heed_an_interrupt_is_killed_with_all_that_it_started(run, tmp_path):
    deaf, left = tmp_path / "deaf", tmp_path / "left"

    def body():
        with dsl.ExitHandler(step("report", "true")):
            step(
                "Stubborn",
                f"trap '' INT TERM; setsid sh -c 'echo $$ > {left}; exec sleep 300' & "
                f"{AWAIT.format(left)}; echo $$ > {deaf}; sleep 300; true",
            )

    interrupt_when(deaf)
    ended = []
    with pytest.raises(KeyboardInterrupt):
        run(body, ended=ended)
    assert outcomes(ended) == [("Stubborn", 1, "stopped", 137), ("report", 1, "succeeded", 0)]
    assert all(is_gone(pid_in(path)) for path in (deaf, left))


def test_an_interrupt_between_two_attempts_is_heard(package, folder):
    def body():
        with dsl.ExitHandler(step("report", "true")):
            step("Flaky", "exit 1").set_retry(3)

    def interrupt(attempt):
        ended.append(attempt)
        if len(ended) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    ended = []
    steps = emulation.load(package(body), run_id="run-1")
    with pytest.raises(KeyboardInterrupt):
        emulation.execute(steps, folder, observe=interrupt)
    assert outcomes(ended)[0] == ("Flaky", 1, "failed", 1)
    assert ended[-1].step == "report"
    assert len(ended) <= 3, "at most one attempt was under way already"


def test_a_second_interrupt_kills_at_once_and_skips_the_exit_step(run, tmp_path):
    deaf, heard = tmp_path / "deaf", tmp_path / "heard"

    def body():
        with dsl.ExitHandler(step("report", "true")):
            script = f"trap 'echo $$ > {heard}' INT; echo $$ > {deaf}; while :; do sleep 0.05; done"
            step("Stubborn", script).set_retry(3)

    interrupt_when(deaf)
    interrupt_when(heard)
    ended, begun = [], time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(body, ended=ended, grace_seconds=60)
    assert time.monotonic() - begun < 30
    assert outcomes(ended) == [("Stubborn", 1, "stopped", 137)]
    assert is_gone(pid_in(deaf))


def test_nothing_is_left_of_an_executor_that_is_killed(package, folder, tmp_path):
    step_pid, left = tmp_path / "step", tmp_path / "left"

    def body():
        step(
            "Running",
            f"setsid sh -c 'echo $$ > {left}; exec sleep 300' & "
            f"{AWAIT.format(left)}; echo $$ > {step_pid}; sleep 300; true",
        )

    script = f"""
        import pathlib
        from pipeline.runners import emulation
        from pipeline.runs.folders import RunFolder
        steps = emulation.load(pathlib.Path({str(package(body))!r}), run_id="run-1")
        emulation.execute(steps, RunFolder(pathlib.Path({str(folder.path)!r})), observe=print)
    """
    command = [sys.executable, "-c", "\n".join(line.strip() for line in script.splitlines())]
    executor = subprocess.Popen(command)
    try:
        pids = pid_in(step_pid), pid_in(left)
    finally:
        executor.kill()
        executor.wait()
    assert all(is_gone(pid) for pid in pids)
