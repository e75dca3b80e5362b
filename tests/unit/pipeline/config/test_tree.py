"""Every key of the configuration is explained where it is declared."""

import dataclasses
import inspect
import re
import typing

import pytest

from pipeline.config.clusters import SecretVariable, Toleration
from pipeline.config.tree import PipelineConfig

HINTS = typing.get_type_hints(PipelineConfig)
SECTIONS = [kind for kind in HINTS.values() if dataclasses.is_dataclass(kind)]
STEP = typing.get_type_hints(HINTS["kubeflow"])["default"]
TREE = [PipelineConfig, *SECTIONS, STEP, Toleration, SecretVariable]
RANGE = re.compile(r"at least|more than|Any whole number|[\d.e-]+ to [\d.e-]+")


def documented(kind):
    """Text of each line under `Attributes:`, by attribute."""
    _, _, lines = inspect.cleandoc(kind.__doc__).partition("Attributes:\n")
    entries = re.findall(r"^  (\w+): (.+(?:\n    .+)*)", lines, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_key_has_a_line_in_the_order_of_the_declaration(kind):
    assert list(documented(kind)) == [field.name for field in dataclasses.fields(kind)]


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_a_line_stands_alone(kind):
    for name, text in documented(kind).items():
        leans = re.match(r"(Of|In|At|As|Likewise|Where|When|After|Per|From)\b", text)
        assert text.endswith("."), name
        assert not leans, f"{name}: {text}"


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_a_number_has_its_range(kind):
    lines = documented(kind)
    for name, hint in typing.get_type_hints(kind).items():
        is_number = bool({hint, *typing.get_args(hint)} & {int, float})
        assert not is_number or RANGE.search(lines[name]), name
