"""Whatever happens to the worker process, the run has an end, a report and a status."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from pipeline.runners import supervisor
from pipeline.runs import events, folders, reporting
from schemas.errors import OutputInUseError


class Silent:
    """A view that only counts."""

    def __init__(self):
        self.happened = []

    def update(self, state, happened):
        self.happened += happened


@pytest.fixture
def supervise(worker, tmp_path):
    """Supervises a worker with the given body; returns the written report and the run folder."""

    def supervise(body, *, view=None, **options):
        folder = folders.create(tmp_path / "runs")
        start = events.RunStarted(run_id=folder.run_id, pipeline="deepfake", **options)
        with folders.locked(tmp_path / "runs") as lock:
            report = supervisor.supervise(
                folder, start, view or Silent(), lock=lock, worker=worker(body)
            )
        assert reporting.read(folder) == report
        return json.loads(folder.summary.read_text()), folder

    return supervise


def test_a_run_that_ends_well_is_followed_to_its_end(supervise):
    view = Silent()
    summary, folder = supervise(
        """
        print("chatter of a library")
        print("and on the other stream", file=sys.stderr)
        journal.append(Planned(nodes=("A",)))
        journal.append(NodeStarted(node="A"))
        journal.append(NodeEnded(node="A", state=NodeState.RAN, seconds=1.0))
        journal.append(RunEnded(outcome=Outcome.FINISHED))
        """,
        view=view,
    )
    assert summary["status"] == "not_blessed"
    assert summary["nodes"] == [{"id": "A", "state": "ran", "seconds": 1.0}]
    assert [type(event).__name__ for event in view.happened] == [
        *("RunStarted", "Planned", "NodeStarted", "NodeEnded", "RunEnded")
    ]
    assert folder.log.read_text() == "chatter of a library\nand on the other stream\n"


def test_the_range_of_nodes_reaches_the_worker(supervise):
    _, folder = supervise("print(sys.argv[2:])", from_node="A", to_node="B")
    assert folder.log.read_text() == "['--from', 'A', '--to', 'B']\n"


@pytest.mark.parametrize(
    ("death", "how"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL (out of memory?)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was killed by SIGSEGV"),
        ("sys.exit(7)", "ended with status 7"),
    ],
)
def test_a_worker_that_dies_is_reported_with_its_last_words(supervise, death, how):
    summary, _ = supervise(
        f"""
        print("last words", flush=True)
        journal.append(Planned(nodes=("A", "B")))
        journal.append(NodeStarted(node="A"))
        {death}
        """
    )
    assert summary["status"] == "failed"
    assert [node["state"] for node in summary["nodes"]] == ["failed", "waiting"]
    error = summary["error"]
    assert (error["node"], error["code"]) == ("A", "worker_died")
    assert error["message"] == f"the worker process {how}; it said last:\nlast words"


def test_ctrl_c_stops_the_worker_kindly(supervise):
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    summary, folder = supervise(
        """
        journal.append(Planned(nodes=("A",)))
        journal.append(NodeStarted(node="A"))
        try:
            time.sleep(30)
        except KeyboardInterrupt:
            print("tidied up")
            journal.append(RunEnded(outcome=Outcome.INTERRUPTED))
        """
    )
    assert summary["status"] == "interrupted"
    assert summary["nodes"][0]["state"] == "interrupted"
    assert folder.log.read_text() == "tidied up\n"


def test_a_worker_that_does_not_stop_is_killed(supervise, monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    summary, _ = supervise(
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(30)
        """
    )
    assert summary["status"] == "interrupted"


def test_nothing_of_the_worker_is_left_behind(supervise):
    _, folder = supervise(
        """
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
        print(child.pid)
        """
    )
    stat = pathlib.Path(f"/proc/{folder.log.read_text().strip()}/stat")
    deadline = time.monotonic() + 5
    while stat.exists() and stat.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_a_second_run_in_the_same_folder_is_refused_until_the_first_has_ended(tmp_path):
    refused = pytest.raises(OutputInUseError, match="another run is using")
    with folders.locked(tmp_path), refused, folders.locked(tmp_path):
        pass
    with folders.locked(tmp_path) as lock:
        assert lock > 0


def test_runs_that_need_not_be_alone_share_a_folder_but_not_with_one_that_must(tmp_path):
    together = folders.locked(tmp_path, alone=False)
    refused = pytest.raises(OutputInUseError)
    with together, folders.locked(tmp_path, alone=False), refused, folders.locked(tmp_path):
        pass


def test_the_worker_ends_when_its_command_is_gone(tmp_path):
    """The real worker's watch on its input, with the graph replaced by a sleep."""
    script = tmp_path / "worker.py"
    script.write_text(
        textwrap.dedent(
            """
            import time
            from pipeline.cli import worker
            from pipeline.runs import process
            process.prepare()
            worker.end_with_the_command()
            try:
                print("ready", flush=True)
                time.sleep(30)
            except KeyboardInterrupt:
                print("interrupted", flush=True)
            """
        )
    )
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.stdin.close()
        assert process.stdout.read() == "interrupted\n"
        assert process.wait(10) == 0
