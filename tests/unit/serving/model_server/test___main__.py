"""The server as a process: flags, port file, life and end."""

import subprocess
import sys
import time

import pytest

from serving.model_server import __main__, settings


@pytest.fixture
def start():
    """Starts the server with flags; ends it with the test."""
    children = []

    def run(*flags):
        child = subprocess.Popen(
            [sys.executable, "-m", "serving.model_server", "--model_name", "deepfake", *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield run
    for child in children:
        with child:  # closes its pipes and waits
            child.kill()


def test_it_announces_its_port_and_ends_with_its_parents_pipe(start, base_path, tmp_path):
    port_file = tmp_path / "port"
    child = start(
        *("--model_base_path", str(base_path), "--port", "0", "--port_file", str(port_file)),
        *("--cpu_only", "--stop_at_stdin_end"),
    )
    line = child.stdout.readline().strip()
    assert line == f"deepfake version 12 is AVAILABLE at 127.0.0.1:{int(port_file.read_text())}"
    child.stdin.close()
    begun = time.monotonic()
    assert child.wait(timeout=20) == 0
    assert time.monotonic() - begun < 10


def test_nothing_to_serve_is_one_line_and_status_1(tmp_path, capsys):
    absent = str(tmp_path / "absent")
    assert __main__.main(["--model_name", "m", "--model_base_path", absent]) == 1
    expected = f"model server: no version and no saved_model.pb found in {absent}\n"
    assert capsys.readouterr().err == expected


def test_flags_become_settings():
    parsed = settings.parse(["--model_name", "m", "--model_base_path", "models/m", "--port", "0"])
    assert parsed == settings.Settings(model_name="m", model_base_path="models/m", port=0)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model_base_path", "x"], "--model_name"),
        (["--model_name", "", "--model_base_path", "x"], "model_name must not be empty, got ''"),
        (["--model_name", "m", "--model_base_path", "x", "--port", "70000"], "got 70000"),
        (["--model_name", "m", "--model_base_path", "x", "--max_workers", "0"], "got 0"),
    ],
)
def test_wrong_flags_are_refused_with_the_value(flags, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        settings.parse(flags)
    assert message in capsys.readouterr().err
