"""What all settings promise."""

import dataclasses
import importlib
import json
import pathlib
import subprocess
import sys

import pytest

from schemas.settings import Settings

ROOT = pathlib.Path(__file__).parents[3]
OF_COMPONENTS = sorted(
    f"components.{path.parent.name}.settings" for path in ROOT.glob("components/*/settings.py")
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Made(Settings):
    """Of each kind of field."""

    size: int = 3
    names: tuple[str, ...] = ("a", "b")


def test_json_brings_back_an_equal_object_and_is_sorted():
    made = Made(size=4, names=("c",))
    assert Made.from_json(made.to_json()) == made
    assert list(json.loads(made.to_json())) == ["names", "size"]


def test_a_missing_field_is_no_default():
    """What `to_json` wrote has all of them: the text is of another version, or of somebody else."""
    with pytest.raises(
        TypeError, match=r"Made: missing fields \['size'\], unknown fields \['wide'\]"
    ):
        Made.from_json('{"names": [], "wide": 1}')


def test_components_that_have_settings_are_these():
    assert [name.split(".")[1] for name in OF_COMPONENTS] == [
        "data_gate",
        "serving_validator",
        "video_validator",
    ]


@pytest.mark.parametrize("name", OF_COMPONENTS)
def test_all_settings_of_components_go_to_json_and_back(name):
    module = importlib.import_module(name)
    found = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == name and issubclass(kind, Settings)
    ]
    assert found
    for kind in found:
        assert kind.from_json(kind().to_json()) == kind()


def test_settings_of_components_need_the_standard_library_alone():
    program = (
        f"import sys, {', '.join(OF_COMPONENTS)};"
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(run.stdout.split()) == {"__main__", "components", "schemas"}
