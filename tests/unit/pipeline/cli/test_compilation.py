"""`deepfake compile`: what it writes and says, and what it refuses before the long work."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys

import click
import pytest

from pipeline.cli import compilation, main, options
from pipeline.config import load
from pipeline.dashboards import visualisations
from pipeline.runners.kubeflow import compiler as kubeflow_compiler
from pipeline.runners.kubeflow import package_file
from schemas.errors import CallError, ConfigError, RunnerError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def compile_pipeline(*arguments):
    return compilation.compile_pipeline.main(list(arguments), standalone_mode=False)


@pytest.fixture
def no_compiler(monkeypatch):
    """Stands for the two compilers; returns the calls made to them."""
    calls = []

    def write_package(config, path, shown):
        calls.append(config)
        path.write_text("package")
        return package_file.Package(config.name, "d" * 64, {"training.epochs": "training_epochs"})

    def write_spec(config, path, *, manifest_copy):
        calls.append((config, manifest_copy))
        path.write_text("spec")

    monkeypatch.setattr("pipeline.runners.kubeflow.compiler.write_package", write_package)
    monkeypatch.setattr("pipeline.runners.vertex.compiler.write_spec", write_spec)
    return calls


def test_a_fresh_process_writes_the_same_bytes_and_says_what_it_wrote(tmp_path):
    here = tmp_path / "here.yaml"
    package = kubeflow_compiler.write_package(load.load("kubeflow"), here, visualisations)
    script = "from pipeline.cli import compilation; compilation.compile_pipeline()"
    done = subprocess.run(
        [sys.executable, "-c", script, "-o", "there.yaml"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert (done.returncode, done.stderr) == (0, "compiling deepfake-kubeflow for kubeflow\n")
    assert (tmp_path / "there.yaml").read_bytes() == here.read_bytes()
    said = done.stdout.splitlines()
    assert said[:2] == [
        f"wrote       there.yaml, {here.stat().st_size:,} bytes",
        f"digest      {package.digest}",
    ]
    assert said[2].startswith("steps       prepare, VideoValidator, ")
    assert said[2].endswith(", Pusher, report")
    assert said[3] == "parameters  data.manifest=/deepfake/data/manifest.csv"
    assert "            training.epochs=15" in said
    assert said[-1] == "next        deepfake submit --package there.yaml"


def test_options_reach_the_configuration_and_the_next_command(no_compiler, capsys):
    pathlib.Path("mine.yaml").write_text(
        "name: ours\nmetadata: {backend: mysql, host: db}\nkubeflow: {mount_path: /vol}\n"
    )
    paths = ("--manifest", "/vol/videos.csv", "--output", "/vol/runs")
    compile_pipeline("--config", "mine.yaml", *paths, "--set", "training.epochs=3")
    [config] = no_compiler
    assert (config.data.manifest, config.output) == ("/vol/videos.csv", "/vol/runs")
    assert config.training.epochs == 3
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [
        "parameters  training.epochs=3",
        "next        deepfake submit --package ours.yaml --config mine.yaml",
    ]


def test_vertex_gets_the_copy_of_the_manifest_and_another_ending(no_compiler, capsys):
    compile_pipeline("--target", "vertex", "--manifest-copy", "videos/m.csv")
    assert no_compiler == [(load.load("vertex"), pathlib.Path("videos/m.csv"))]
    assert pathlib.Path("deepfake-vertex.json").read_text() == "spec"
    assert "template_path='deepfake-vertex.json'" in capsys.readouterr().out


def test_a_package_without_parameters_says_so(monkeypatch, no_compiler, capsys):
    def write_package(config, path, shown):
        path.write_text("package")
        return package_file.Package(config.name, "d" * 64, {})

    monkeypatch.setattr("pipeline.runners.kubeflow.compiler.write_package", write_package)
    compile_pipeline()
    assert "parameters  none\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["-o", "x.json"], CallError, "-o must end with .yaml for kubeflow, got x.json"),
        (["--target", "vertex", "-o", "x.yaml"], CallError, "-o must end with .json"),
        (["-o", "absent/x.yaml"], CallError, "no folder absent to write x.yaml to"),
        (["--config", "own.yaml"], CallError, "own.yaml is the configuration"),
        (["--set", "training.epochs"], CallError, "--set wants KEY=VALUE"),
        (["--set", "training.epoch=1"], ConfigError, "did you mean training.epochs"),
        (["--config", "kubflow"], ConfigError, "did you mean kubeflow"),
        (["--manifest-copy", "m.csv"], click.UsageError, "--manifest-copy is for --target vertex"),
        (["--output", "runs"], RunnerError, "output must lie below"),
        (["--config", "local"], RunnerError, "got 'runs'"),
        (
            ["--set", "metadata={backend: sqlite}"],
            RunnerError,
            "metadata.backend is sqlite",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_call_is_refused_and_nothing_is_compiled(no_compiler, arguments, error, message):
    pathlib.Path("own.yaml").write_text("name: own\n")
    with pytest.raises(error, match=message):
        compile_pipeline(*arguments)
    assert no_compiler == []
    assert [path.name for path in pathlib.Path().iterdir()] == ["own.yaml"]


def test_a_file_of_before_stays_where_the_compiler_refuses(monkeypatch):
    pathlib.Path("deepfake-kubeflow.yaml").write_text("of before")

    def refuse(config, path, shown):
        path.write_text("half")
        raise RunnerError("runner_error", "no")

    monkeypatch.setattr("pipeline.runners.kubeflow.compiler.write_package", refuse)
    with pytest.raises(RunnerError):
        compile_pipeline()
    assert pathlib.Path("deepfake-kubeflow.yaml").read_text() == "of before"


def test_a_folder_in_the_place_of_the_file_is_told(no_compiler):
    pathlib.Path("deepfake-kubeflow.yaml").mkdir()
    with pytest.raises(CallError, match=r"cannot write deepfake-kubeflow.yaml: Is a dir"):
        compile_pipeline()


def chatter(error):
    os.write(2, b"chatter\n")
    if error:
        raise error


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (None, ""),
        (RunnerError("runner_error", "no"), ""),
        (ConfigError("config_error", "no"), ""),
        (KeyError("a"), "chatter\n"),
    ],
)
def test_libraries_are_silent_unless_what_they_raise_is_not_ours(capfd, error, shown):
    expected = pytest.raises(type(error)) if error else contextlib.nullcontext()
    with expected, options.quiet_libraries():
        chatter(error)
    assert capfd.readouterr().err == shown
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_the_command_is_defined_without_tfx_and_kfp():
    script = (
        "import sys; from pipeline.cli import compilation;"
        "sys.exit(', '.join(sorted({'tfx', 'tensorflow', 'kfp'} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_guide_shows_what_compile_prints(tmp_path, monkeypatch, capfd):
    """But for the digest and the size, which every change of the code changes."""
    guide = (pathlib.Path(__file__).parents[4] / "kubeflow" / "README.md").read_text()
    [settings] = re.findall(r"^```yaml\n(name: deepfake-kubeflow\n.*?)^```", guide, re.M | re.S)
    [command, shown] = re.search(r"\$ deepfake (compile [^\n]+)\n(.+?)\n```", guide, re.S).groups()
    (tmp_path / "mine.yaml").write_text(settings)
    monkeypatch.chdir(tmp_path)
    assert main.main(command.split()) == 0
    screen = capfd.readouterr()
    printed = f"{screen.err}{screen.out}".strip()
    changing = re.compile(r"[0-9a-f]{64}|[\d,]+ bytes")
    assert changing.sub("*", printed) == changing.sub("*", shown)
