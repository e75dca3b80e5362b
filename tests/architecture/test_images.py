"""The Dockerfile: what it starts from, what it installs, who it runs as, what it lets in.

No image is built here (that needs an engine); its own checks run when it is built.
"""

import ast
import dataclasses
import fnmatch
import pathlib
import py_compile
import re
import shlex
import subprocess
import sys

import pytest
from setuptools import find_packages

from pipeline import version

PACKAGES = ("schemas", "components", "pipeline", "serving")
# Distributions with glibc 2.39 or newer, which the wheels of ML Metadata and TFDV need.
NEW_ENOUGH = ("-slim-trixie", "-trixie", "-noble")
FINGERPRINTED = {".py", ".pbtxt", ".yaml"}  # as components.fingerprint reads them
KEPT_OUT = (".git", ".venv", "runs", "tests", "build", "kubeflow", ".mypy_cache")


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined."""

    stage: int
    name: str
    rest: str


@pytest.fixture(scope="module")
def instructions(root: pathlib.Path) -> list[Instruction]:
    text = (root / "kubeflow" / "pipeline.Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    stage, found = -1, []
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        name, _, rest = line.partition(" ")
        stage += name == "FROM"
        found.append(Instruction(stage, name, rest.strip()))
    return found


@pytest.fixture(scope="module")
def final(instructions) -> list[Instruction]:
    """The stage that becomes the image."""
    return [i for i in instructions if i.stage == instructions[-1].stage]


def _named(instructions: list[Instruction], name: str) -> list[str]:
    return [i.rest for i in instructions if i.name == name]


def test_every_base_image_is_pinned_and_has_a_new_enough_c_library(instructions):
    defaults = dict(a.split("=") for a in _named(instructions[:1], "ARG"))
    stages = set()
    for source in _named(instructions, "FROM"):
        image, _, stage = source.partition(" AS ")
        stages.add(stage)
        if image in stages:
            continue
        for name, value in defaults.items():
            image = image.replace(f"${{{name}}}", value)
        assert re.fullmatch(r"[a-z]+:\d+\.\d+[\w.-]*", image), f"{image} is not pinned"
        assert image.endswith(NEW_ENOUGH), image
    assert len(_named(instructions, "FROM")) >= 2, "the build's tools would be in the image"


def test_the_image_runs_as_nobody_in_particular(final):
    assert _named(final, "USER") == ["10001:10001"]
    last = max(n for n, i in enumerate(final) if i.name == "USER")
    assert not [i for i in final[last:] if i.name == "COPY"]


def test_packages_are_installed_from_a_lock_and_checked_against_its_hashes(instructions):
    installs = [
        command
        for run in _named(instructions, "RUN")
        for command in re.split(r"&&|;", run)
        if re.search(r"\bpip (install|sync)\b", command)
    ]
    assert len(installs) == 3
    ours = [command for command in installs if command.split()[-1] == "."]
    assert len(ours) == 1
    assert {"--no-deps", "--no-build-isolation"} <= set(shlex.split(ours[0]))
    for command in installs:
        assert command in ours or "--require-hashes" in command, command
    assert all("--compile-bytecode" in c for c in installs if "pip sync" in c or c in ours)
    assert _named(instructions, "ARG")[1] == "LOCK=locks/pipeline.lock"


def test_both_locks_hold_what_an_image_needs_and_no_development_tools(root):
    for lock, cuda in (("locks/pipeline.lock", False), ("locks/gpu.lock", True)):
        pinned = set(re.findall(r"^([\w.-]+)==", (root / lock).read_text(), re.MULTILINE))
        assert {"tfx", "kfp", "kfp-kubernetes", "ml-metadata", "setuptools"} <= pinned
        assert not {"pytest", "mypy", "ruff", "uv", "kubernetes-validate"} & pinned
        assert any(name.startswith("nvidia-cudnn") for name in pinned) == cuda


def test_the_installer_is_pinned_in_the_lock_that_is_copied_for_it(root):
    assert re.search(r"^uv==", (root / "locks/dev.lock").read_text(), re.MULTILINE)


def test_what_is_copied_exists_and_covers_all_packages(instructions, root):
    copied = [
        word
        for copy in _named(instructions, "COPY")
        if not copy.startswith("--from=")
        for word in copy.split()[:-1]
    ]
    assert set(PACKAGES) <= set(copied)
    for name in copied:
        assert name == "${LOCK}" or (root / name).exists(), name


def test_nothing_is_fetched_but_packages(instructions):
    assert not _named(instructions, "ADD")
    for run in _named(instructions, "RUN"):
        assert not re.search(r"\b(curl|wget|git clone)\b|https?://", run)


def test_the_build_fails_for_other_code_than_stated(instructions):
    [check] = [run for run in _named(instructions, "RUN") if "fingerprint.of" in run]
    named = re.findall(r"'(\w+)'", check.split("fingerprint.of(")[1].split(")")[0])
    assert tuple(named) == PACKAGES
    for wrong, argument in (("0" * 64, "FINGERPRINT"), ("9.9.9", "VERSION")):
        done = _build_step(check, {argument: wrong})
        assert done.returncode == 1, done.stderr
        assert f"{argument} is '{wrong}'" in done.stderr
    assert _build_step(check, {}).returncode == 0


def _build_step(command: str, arguments: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Runs the instruction as the build would, with this environment as the image's."""
    from components import fingerprint

    right = {"FINGERPRINT": fingerprint.of(*PACKAGES), "VERSION": version.VERSION}
    return subprocess.run(
        ["sh", "-c", command],
        env={"VIRTUAL_ENV": sys.prefix, **right, **arguments},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_whatever_the_fingerprint_counts_is_installed(root):
    """Else the image's fingerprint would never equal the checkout's, and no build would end."""
    installed = {name.replace(".", "/") for name in find_packages(str(root))}
    call = ast.parse((root / "setup.py").read_text())
    [stated] = [k for k in ast.walk(call) if isinstance(k, ast.keyword) and k.arg == "package_data"]
    data = ast.literal_eval(stated.value)
    for package in PACKAGES:
        for path in (root / package).rglob("*"):
            if path.suffix not in FINGERPRINTED:
                continue
            inside = path.relative_to(root / package).as_posix()
            patterns = data.get(package, [])
            is_module = path.suffix == ".py" and str(path.parent.relative_to(root)) in installed
            assert is_module or any(fnmatch.fnmatch(inside, p) for p in patterns), path


def test_a_module_without_bytecode_is_counted_by_the_last_check(final, tmp_path):
    source = tmp_path / "lonely.py"
    source.write_text("")
    without = _last_check(final, tmp_path, "lonely")
    py_compile.compile(str(source))
    with_it = _last_check(final, tmp_path, "lonely")
    # An environment with the project in editable mode has a module of its own without bytecode.
    assert _stale(without) == _stale(with_it) + 1
    assert without.returncode == 1


def test_an_import_that_fails_shows_its_error_in_the_build(final, tmp_path):
    done = _last_check(final, tmp_path, "missing_module")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].startswith("Traceback")
    assert done.stdout.splitlines()[-1].endswith("No module named 'missing_module'")


def _last_check(
    final: list[Instruction], place: pathlib.Path, module: str
) -> "subprocess.CompletedProcess[str]":
    """Runs the last check of the build, for another module than the pipeline's."""
    [check] = [run for run in _named(final, "RUN") if "python -v" in run]
    check = re.sub(r'-c "import [^"]*"', f'-c "import {module}"', check)
    return subprocess.run(
        ["sh", "-c", check.replace("/tmp/imports.log", str(place / "imports.log"))],
        env={
            "PATH": f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": str(place),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _stale(done: "subprocess.CompletedProcess[str]") -> int:
    found = re.match(r"(\d+) modules have no valid bytecode", done.stderr)
    return int(found.group(1)) if found else 0


def test_the_image_says_what_it_is(final):
    labels = dict(
        word.split("=", 1) for label in _named(final, "LABEL") for word in shlex.split(label)
    )
    assert labels["deepfake.code-fingerprint"] == "${FINGERPRINT}"
    assert labels["org.opencontainers.image.version"] == "${VERSION}"
    assert labels["org.opencontainers.image.revision"] == "${REVISION}"
    assert {"title", "description", "licenses"} <= {name.rsplit(".", 1)[1] for name in labels}


def test_the_command_is_deepfake_and_its_python_comes_first(final):
    assert _named(final, "ENTRYPOINT") == ['["deepfake"]']
    environment = " ".join(_named(final, "ENV"))
    assert "PATH=/opt/deepfake/bin:$PATH" in environment


def test_nothing_but_sources_and_locks_reaches_the_build(root):
    rules = [
        line
        for line in (root / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*", "everything is out, but for what is let in by name"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert not let_in & set(KEPT_OUT)
    assert set(PACKAGES) <= let_in
    assert all((root / name).exists() for name in let_in)
    assert "**/__pycache__" in rules


def test_no_password_is_an_argument_of_the_build(instructions):
    for rest in [*_named(instructions, "ARG"), *_named(instructions, "ENV")]:
        assert not re.search(r"PASSWORD|TOKEN|SECRET", rest)
