"""A second attempt of a step waits for the first, whatever becomes of that."""

import signal
import subprocess
import sys
import threading
import time

import pytest
from coded import raises_code

from pipeline.cli import node
from pipeline.runs.folders import RunFolder

HOLD = """
import pathlib, sys, time
from pipeline.runs.folders import RunFolder
from pipeline.cli import node
with node.alone_in_attempt(RunFolder(pathlib.Path(sys.argv[1])), "Trainer"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


@pytest.fixture
def other(folder):
    """Another process that holds the lock of Trainer."""
    command = [sys.executable, "-c", HOLD, str(folder.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_live_attempt_is_not_joined(folder, other):
    refused = raises_code("attempt_still_running", match="another attempt of Trainer")
    with refused, node.alone_in_attempt(folder, "Trainer", patience_seconds=0.1):
        pass


def test_an_attempt_that_is_killed_makes_way(folder, other):
    threading.Timer(0.3, other.send_signal, [signal.SIGKILL]).start()
    begun = time.monotonic()
    with node.alone_in_attempt(folder, "Trainer", patience_seconds=20):
        assert time.monotonic() - begun > 0.2


def test_other_nodes_do_not_wait(folder, other):
    with node.alone_in_attempt(folder, "Pusher", patience_seconds=0.0):
        assert other.poll() is None, "Trainer's attempt is still at work"
