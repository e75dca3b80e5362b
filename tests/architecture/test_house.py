"""The figures of the sources: of a small checkout that the test makes, and of this one."""

import subprocess
import sys

import house
import pytest

FILES = {
    "schemas/__init__.py": "",
    "schemas/errors.py": '"""E."""\n\n\nclass OurError(Exception):\n    pass\n',
    "components/one.py": "from schemas import errors\nimport components.two\n",
    "components/two.py": "def f():\n    from components import one\n    return one\n",
    "components/part.py": "import math\nX: int = 1\n",
    "components/whole.py": (
        "from components.part import X\nfrom schemas import errors\n\n\n"
        "class Worse(errors.OurError):\n    def g(self):\n        pass\n"
    ),
}


@pytest.fixture
def small(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_checkout_is_read_without_importing_it(small):
    found = house.read(small)
    assert set(found.lines) == {
        *("schemas.errors", "components.one", "components.two", "components.part"),
        "components.whole",
    }
    assert found.imports["components.one"] == {"schemas.errors", "components.two"}
    assert found.imports["components.whole"] == {"components.part", "schemas.errors"}
    assert found.functions == [3, 2]


def test_a_circle_is_found_though_a_function_hides_it(small):
    assert house.read(small).circles == [["components.one", "components.two"]]


def test_errors_are_counted_by_what_they_derive_from(small):
    assert house.read(small).error_classes == ["OurError", "Worse"]


def test_a_module_that_only_a_sibling_uses_is_private_to_it(small):
    assert house.read(small).private_to_one_sibling == [
        "components.one",
        "components.part",
        "components.two",
    ]


def test_the_figures_of_a_checkout_are_printed(small):
    done = subprocess.run(
        [sys.executable, house.__file__, str(small)], capture_output=True, text=True, check=True
    )
    printed = dict(line.rsplit("  ", 1) for line in done.stdout.splitlines())
    assert {name.strip(): value.strip() for name, value in printed.items()} == {
        "files": "5",
        "lines": "19",
        "lines of a module: median / p90 / max": "3 / 6 / 7",
        "lines of a function: median / p90 / max": "2 / 3 / 3",
        "modules of at most 60 lines": "5",
        "arrows": "5",
        "arrows per 1,000 lines": "263.2",
        "error classes": "2",
        "modules used by one sibling only": "3",
        "circles": "1",
    }


def test_no_modules_of_ours_import_one_another_in_a_circle(root, capsys):
    found = house.read(root)
    assert found.circles == []
    house.main([])
    assert f"files {'':36}{len(found.lines)}" in capsys.readouterr().out
