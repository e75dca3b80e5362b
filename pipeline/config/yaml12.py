"""YAML by the core schema of version 1.2, without duplicate keys.

PyYAML follows version 1.1, where `off` is false, `1e-3` is text and `12:30` is 750.
"""

import re
from collections.abc import Hashable
from typing import Any

import yaml

_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+", list("-+0123456789")),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
}


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Tag and pattern of each plain scalar, by its first character, as PyYAML wants them."""
    resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, (pattern, first_characters) in _SCALARS.items():
        for character in first_characters:
            entry = (f"tag:yaml.org,2002:{name}", re.compile(rf"^(?:{pattern})$"))
            resolvers.setdefault(character, []).append(entry)
    return resolvers


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2 that refuses a key given twice."""

    yaml_implicit_resolvers = _resolvers()

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key {key.value} stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse(text: str) -> Any:
    """The document of `text`; None if it is empty.

    Raises:
      yaml.YAMLError: Not YAML, or a key stands twice in one mapping.
    """
    return yaml.load(text, Loader=_Loader)
