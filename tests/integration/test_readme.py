"""The commands of the README and the lineage guide, run in an empty folder beside `.venv`."""

import json
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINEAGE = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```bash\n(.*?)```", README + LINEAGE, flags=re.DOTALL)
    for line in block.splitlines()
]
MAKE = [command for command in COMMANDS if command.startswith("make ")]
RUNS = [command for command in COMMANDS if "deepfake run " in command]
OTHERS = [c for c in dict.fromkeys(COMMANDS) if c not in (*MAKE, *RUNS)]
NOTICE = "say nothing of detection skill"

pytestmark = pytest.mark.slow


def _call(command: str, place: pathlib.Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, shell=True, cwd=place, capture_output=True, text=True, timeout=1500, check=False
    )


def test_the_readme_has_commands_of_every_kind():
    assert MAKE == ["make demo", "make test"]
    assert RUNS
    assert OTHERS


def test_the_demo_pushes_a_blessed_model_on_merit(demo, place):
    assert demo.returncode == 0, demo.stdout
    [path] = (place / "runs" / "demo").glob("*/summary.json")
    summary = json.loads(path.read_text())
    assert summary["videos"]["accepted"] >= 96
    assert summary["blessed"] == {"model": True, "infra": True, "reasons": []}
    thresholds = {gate["metric"]: gate["bound"] for gate in summary["gates"]}
    auc = summary["metrics"]["overall"]["metrics"]["video_auc"]["value"]
    assert auc >= thresholds["video_auc"] >= 0.8
    assert (pathlib.Path(summary["pushed"]["path"]) / "saved_model.pb").is_file()


def test_the_demo_says_what_its_figures_are_worth(demo):
    assert demo.stdout.count(NOTICE) >= 2


@pytest.mark.parametrize("command", OTHERS)
def test_a_command_works(command, demo, place):
    done = _call(command, place)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_python_of_the_lineage_guide_runs(demo, place):
    [program] = re.findall(r"```python\n(.*?)```", LINEAGE, flags=re.DOTALL)
    (place / "example.py").write_text(program)
    done = _call(".venv/bin/python example.py", place)
    assert done.returncode == 0, done.stderr
    assert "'real'" in done.stdout


@pytest.mark.parametrize("command", RUNS)
def test_a_run_starts_as_written(command, demo, place):
    """Up to the first node: other tests run the rest."""
    manifest = place / "runs" / "demo" / "videos" / "manifest.csv"
    (place / "videos.csv").write_text(manifest.read_text())
    root = f"--set data.videos_root={manifest.parent}"
    done = _call(f"{command} {root} --to VideoValidator", place)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_manifest_of_the_readme_is_read(place):
    [text] = re.findall(r"```csv\n(.*?)```", README, flags=re.DOTALL)
    from schemas import manifest as schemas_manifest

    (place / "example.csv").write_text(text)
    read = schemas_manifest.read(str(place / "example.csv"))
    assert len(read.rows) == 2
    assert not read.unknown_columns
