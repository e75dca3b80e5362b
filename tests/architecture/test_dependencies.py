"""What we import is declared: a package that only comes along with another may leave with it."""

import ast
import functools
import pathlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

import pytest

PACKAGES = ("schemas", "components", "pipeline", "serving")


@pytest.fixture(scope="module")
def declared(root: pathlib.Path) -> dict[str, set[str]]:
    """Names of the distributions in setup.py, by extra; those of every installation under ""."""
    keywords = {
        node.arg: ast.literal_eval(node.value)
        for node in ast.walk(ast.parse((root / "setup.py").read_text()))
        if isinstance(node, ast.keyword) and node.arg in ("install_requires", "extras_require")
    }
    listed = {"": keywords["install_requires"], **keywords["extras_require"]}
    return {extra: set(map(_distribution, lines)) for extra, lines in listed.items()}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_of_a_package_is_declared(root, declared, package):
    known = declared[""] | declared["kubeflow"]
    assert not list(_undeclared(root / package, known))


def test_every_import_of_the_tests_is_declared(root, declared):
    assert not list(_undeclared(root / "tests", set().union(*declared.values())))


def test_an_import_that_is_not_declared_is_found(tmp_path):
    """Also below a name that several distributions share."""
    (tmp_path / "one.py").write_text("import numpy.linalg\nfrom google import protobuf\n")
    assert list(_undeclared(tmp_path, {"numpy"})) == ["one.py imports google.protobuf of protobuf"]
    assert not list(_undeclared(tmp_path, {"numpy", "protobuf"}))


def _undeclared(folder: pathlib.Path, known: set[str]) -> Iterator[str]:
    """Each import below `folder` of a distribution that is not among `known`, as a sentence."""
    neighbours = {path.stem for path in folder.rglob("*.py")}  # helper modules of the tests
    for path in sorted(folder.rglob("*.py")):
        for module in sorted(_imported(ast.parse(path.read_text(encoding="utf-8")))):
            top = module.partition(".")[0]
            if top in sys.stdlib_module_names or top in PACKAGES or top in neighbours:
                continue
            owners = _owners(module)
            if not owners & known:
                names = " or ".join(sorted(owners)) or "nothing that is installed"
                yield f"{path.relative_to(folder)} imports {module} of {names}"


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def _owners(module: str) -> set[str]:
    """Normal names of the distributions that `module` may come from."""
    top, *below = module.split(".")
    candidates = sorted(set(_providers().get(top, ())))
    if len(candidates) > 1:
        for depth in range(len(below), 0, -1):
            place = "/".join([top, *below[:depth]])
            owners = [name for name in candidates if _has(name, place)]
            if owners:
                return set(map(_normal, owners))
    return set(map(_normal, candidates))


@functools.cache
def _providers() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _has(distribution: str, place: str) -> bool:
    """Whether a distribution has files of the module or package at `place`."""
    return any(file.startswith((f"{place}.", f"{place}/")) for file in _files(distribution))


@functools.cache
def _files(distribution: str) -> Sequence[str]:
    return [file.as_posix() for file in metadata.files(distribution) or ()]


def _distribution(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found, requirement
    return _normal(found[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
