"""Unit tests stand where their module stands: one finds the tests of a module by its name."""

import pathlib
from collections.abc import Iterator, Mapping

import house
import pytest

MIN_LINES = 60

# Modules of more than MIN_LINES lines that several folders use, and where they are tested.
TESTED_BY = {
    "components.serving_validator.component": "test_executor.py",
    "pipeline.dashboards.evaluation.gate_table": "test_page.py",
    "pipeline.dashboards.index.run_table": "test_page.py",
    "pipeline.dashboards.pages": "test_site.py",
    "pipeline.dashboards.run.configuration": "test_page.py",
    "pipeline.dashboards.sources": "test_site.py",
    "pipeline.dashboards.training.curves": "test_page.py",
    "pipeline.dashboards.training.records": "test_page.py",
    "pipeline.evaluation.results": "test_curves.py",
    "pipeline.lineage.records": "test_store.py",
    "pipeline.metadata.inspection": "test_copying.py",
    "pipeline.model.recipe": "../modules/test_trainer.py",
    "pipeline.runners.kubeflow.package_file": "test_compiler.py",
    "pipeline.runners.step": "../cli/test_node.py",
}


@pytest.fixture(scope="module")
def unit(root: pathlib.Path) -> pathlib.Path:
    """The folder of the unit tests."""
    return root / "tests" / "unit"


@pytest.fixture(scope="module")
def found(root: pathlib.Path) -> house.House:
    """The modules of the four packages."""
    return house.read(root)


def test_every_file_of_unit_tests_names_a_module(root, unit):
    tests = sorted(unit.rglob("test_*.py"))
    assert tests
    assert [str(test.relative_to(root)) for test in tests if not module_of(test, unit, root)] == []


def test_the_longest_module_name_that_fits_is_meant(tmp_path):
    unit = tmp_path / "tests" / "unit"
    for name in ("pages", "pages_links", "__main__"):
        (tmp_path / "pack").mkdir(exist_ok=True)
        (tmp_path / "pack" / f"{name}.py").touch()
    named = {
        name: module_of(unit / "pack" / f"test_{name}.py", unit, tmp_path)
        for name in ("pages", "pages_of_runs", "pages_links_again", "__main__", "links")
    }
    assert named == {
        "pages": "pack.pages",
        "pages_of_runs": "pack.pages",
        "pages_links_again": "pack.pages_links",
        "__main__": "pack.__main__",
        "links": "",
    }


def test_every_module_has_unit_tests_of_its_own_or_is_a_part_of_one_that_has(found, root, unit):
    """A module that only its own folder uses is tested through those that use it."""
    tested = {module_of(test, unit, root) for test in unit.rglob("test_*.py")}
    missing = [name for name in _large(found) if not _is_tested(name, found.users, tested)]
    assert sorted(missing) == sorted(TESTED_BY), "write its tests, or list where they are"


def test_the_tests_of_the_others_are_where_the_list_says(unit):
    folders = {name: unit.joinpath(*name.split(".")[:-1]) for name in TESTED_BY}
    assert [name for name, test in TESTED_BY.items() if not (folders[name] / test).is_file()] == []


def module_of(test: pathlib.Path, unit: pathlib.Path, root: pathlib.Path) -> str:
    """Dotted name of the module that a file of unit tests is of; empty if there is none."""
    folder = test.relative_to(unit).parent
    words = test.stem.split("_")[1:]
    names = ("_".join(words[:size]) for size in range(len(words), 0, -1))
    return next(
        (
            ".".join((*folder.parts, name))
            for name in names
            if (root / folder / f"{name}.py").is_file()
        ),
        "",
    )


def _large(found: house.House) -> Iterator[str]:
    return (name for name, lines in found.lines.items() if lines > MIN_LINES)


def _is_tested(
    name: str, users: Mapping[str, set[str]], tested: set[str], above: frozenset[str] = frozenset()
) -> bool:
    if name in tested:
        return True
    theirs = users[name] - above
    is_private = bool(users[name]) and all(_folder(user) == _folder(name) for user in users[name])
    return is_private and any(_is_tested(one, users, tested, above | {name}) for one in theirs)


def _folder(module: str) -> str:
    return module.rpartition(".")[0]
