"""The command as a user calls it, in fresh processes where imports or statuses are the point."""

import subprocess
import sys

import pytest

from pipeline.cli import main

COMMANDS = (
    ("demo",),
    ("run",),
    ("config", "show"),
    ("config", "validate"),
    ("runs", "list"),
    ("runs", "show"),
    ("dashboard",),
)


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from pipeline.cli import main; main.main(['--help']);"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'keras', 'numpy', 'rich', 'cv2'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "deepfake demo" in done.stdout


def test_python_m_pipeline_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "--version"], capture_output=True, text=True
    )
    assert done.stdout.startswith("deepfake, version ")
    assert done.returncode == 0


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_examples(command, capsys):
    assert main.main([*command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Example" in shown
    assert f"deepfake {' '.join(command)}" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "no manifest; give --manifest FILE"),
        (["run", "--manifest", "absent.csv"], "no manifest file absent.csv; check --manifest"),
        (["run", "--config", "lokal"], "no configuration file lokal; did you mean local?"),
        (["run", "--from", "Trianer"], "no node 'Trianer'; did you mean Trainer?"),
        (["run", "--to", "x"], "(nodes: VideoValidator, FrameExtractor,"),
        (["run", "--set", "training.epochs"], "--set wants KEY=VALUE, got 'training.epochs'"),
        (["run", "--set", "training.epoch=3"], "unknown key training.epoch; did you mean"),
        (["run", "--set", "training.epochs=x"], "training.epochs must be a whole number, got 'x'"),
        (["runs", "list", "--output", "absent"], "no runs in absent; see --output"),
        (["runs", "show", "x", "--output", "absent"], "no runs in absent; see --output"),
        (["dashboard", "--output", "absent"], "no runs in absent; see --output"),
        (["config", "validate", "absent.yaml"], "no configuration file absent.yaml"),
        (["frobnicate"], "No such command 'frobnicate'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_call_ends_with_status_2_before_anything_starts(
    arguments, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main.main(arguments) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_config_show_prints_what_config_validate_takes(capsys, tmp_path):
    assert main.main(["config", "show", "--config", "demo"]) == 0
    mine = tmp_path / "mine.yaml"
    mine.write_text(capsys.readouterr().out)
    assert main.main(["config", "validate", str(mine)]) == 0
    assert capsys.readouterr().out == f"{mine} is valid\n"


def test_config_validate_says_what_is_wrong(capsys, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("training:\n  dropout: 2\n")
    assert main.main(["config", "validate", str(mine)]) == 2
    assert "mine.yaml: training.dropout must be at least 0" in capsys.readouterr().err
