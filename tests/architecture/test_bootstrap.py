"""Set-up on hosts that lack something: one line that says what to do, and a non-zero exit."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

TOOLS = ("awk", "bash", "cat", "cut", "df", "dirname", "getconf", "git", "head", "id", "mkdir")
MORE_TOOLS = ("mktemp", "printf", "rm", "sed", "sha256sum", "sort", "tail", "touch", "uname")


@pytest.fixture
def host(tmp_path, root):
    """A clone's set-up files, and a PATH that holds the basic tools and no Python."""
    checkout, programs = tmp_path / "checkout", tmp_path / "programs"
    checkout.mkdir()
    programs.mkdir()
    (checkout / "locks").mkdir()
    for name in ("bootstrap.sh", "setup.py", "locks/dev.lock"):
        shutil.copy(root / name, checkout / name)
    for name in (*TOOLS, *MORE_TOOLS):
        program = shutil.which(name)
        assert program, f"{name} is not on this machine"
        (programs / name).symlink_to(program)
    return Host(checkout, programs)


class Host:
    """A machine as the set-up sees it."""

    def __init__(self, checkout: pathlib.Path, programs: pathlib.Path) -> None:
        self.checkout = checkout
        self._programs = programs

    def give(self, name: str, script: str) -> None:
        """Puts a program of this name on the PATH, instead of any other."""
        path = self._programs / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def give_python(self) -> None:
        """Puts this machine's own base interpreter on the PATH."""
        base = pathlib.Path(sys.base_prefix, "bin", "python3")
        (self._programs / "python3").symlink_to(base.resolve())

    def set_up(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: os.environ[name] for name in ("HOME",) if name in os.environ}
        return subprocess.run(
            ["bash", "bootstrap.sh"],
            cwd=self.checkout,
            env={**kept, "PATH": str(self._programs), **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def _refusal(done: "subprocess.CompletedProcess[str]") -> str:
    """The last line; whatever else was said must be progress of the set-up."""
    assert done.returncode != 0
    *progress, refusal = done.stderr.strip().splitlines()
    assert refusal.startswith("setup: "), done.stderr
    assert len([line for line in progress if line.startswith("setup: ")]) <= 2
    return refusal


def test_a_host_without_python_is_told_what_to_install(host):
    assert "install python3.11" in _refusal(host.set_up())


def test_a_python_of_another_version_is_refused_by_name(host):
    host.give("python9", "exit 1")
    assert "PYTHON=python9 is not a Python 3.10 to 3.13" in _refusal(host.set_up(PYTHON="python9"))


def test_a_full_disk_is_noticed_before_anything_is_written(host):
    host.give_python()
    host.give("df", "echo head; echo 'disk 100 90 10240 99% /'")
    assert "10 MiB free here, 6144 MiB needed" in _refusal(host.set_up())
    assert not (host.checkout / ".venv").exists()


def test_without_a_package_index_the_network_is_named(host):
    host.give_python()
    host.give("getconf", "echo glibc 2.39")
    nowhere = "http://127.0.0.1:9/simple"
    done = host.set_up(
        PIP_INDEX_URL=nowhere, PIP_RETRIES="0", PIP_CONFIG_FILE="/dev/null", PIP_FIND_LINKS=""
    )
    assert "check the network" in _refusal(done)


def test_an_old_host_without_apt_is_offered_the_image(host):
    host.give_python()
    host.give("getconf", "echo glibc 2.31")
    refusal = _refusal(host.set_up())
    assert "glibc 2.31 is too old" in refusal
    assert "container image" in refusal
