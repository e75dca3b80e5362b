"""The strict loader: YAML to PipelineConfig and back. No other module reads configuration files.

PyYAML follows version 1.1, where `off` is false, `1e-3` is text and `12:30` is 750.

Codes of its ConfigError:
  config_unreadable: No such file, not YAML, or a key twice.
  config_unknown_key: A key that no section has.
  config_missing_key: A key that its section requires.
  config_wrong_type: A value of another type than the field's.
  config_refused_value: A value that its section refuses.
"""

import collections.abc
import dataclasses
import pathlib
import re
import typing
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, TypeVar

import yaml

from pipeline.config.tree import PipelineConfig
from schemas.errors import ConfigError, did_you_mean

_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+", list("-+0123456789")),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
}

SHIPPED_FOLDER = pathlib.Path(__file__).parent.parent / "configs"
T = TypeVar("T")
_NAMES: Mapping[Any, str] = {
    tuple: "a list",
    collections.abc.Mapping: "a section of keys",
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
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


def parse_yaml(text: str) -> Any:
    """The document of `text`; None if it is empty.

    Raises:
      yaml.YAMLError: Not YAML, or a key stands twice in one mapping.
    """
    return yaml.load(text, Loader=_Loader)


def shipped() -> tuple[str, ...]:
    """Names of the configurations that come with the package."""
    return tuple(sorted(path.stem for path in SHIPPED_FOLDER.glob("*.yaml")))


def load(path_or_name: str | pathlib.Path) -> PipelineConfig:
    """Loads a YAML file, or a shipped configuration by its name.

    A name of `shipped()` always means the shipped one; the same with `.yaml` means the file of
    that name if there is one, else the shipped one.

    Raises:
      ConfigError: The file cannot be read, or says what the tree does not allow. The message
        names the file and the dotted key.
    """
    name = str(path_or_name)
    path = SHIPPED_FOLDER / f"{name}.yaml" if name in shipped() else pathlib.Path(name)
    if not path.is_file() and name.removesuffix(".yaml") in shipped():
        path = SHIPPED_FOLDER / name
    if not path.is_file():
        hint = did_you_mean(name, shipped()) or f"; shipped ones: {', '.join(shipped())}"
        raise ConfigError("config_unreadable", f"no configuration file {name}{hint}")
    try:
        return from_mapping(PipelineConfig, parse(path.read_text(encoding="utf-8")))
    except ConfigError as error:
        raise ConfigError(error.code, f"{path.name}: {error}") from error


def with_overrides(config: PipelineConfig, overrides: Mapping[str, object]) -> PipelineConfig:
    """A copy of `config` with values replaced, by dotted key; checked like a file.

    Raises:
      ConfigError: A key is unknown, or its value is not allowed.
    """
    values = dataclasses.asdict(config)
    for dotted, value in overrides.items():
        *sections, key = dotted.split(".")
        section = values
        for name in sections:
            section = section.setdefault(name, {})
            if not isinstance(section, dict):
                raise ConfigError(
                    "config_unknown_key", f"unknown key {dotted}; {name} is no section"
                )
        section[key] = value
    return from_mapping(PipelineConfig, values)


def value_at(config: PipelineConfig, dotted: str) -> object:
    """The value of a dotted key.

    Raises:
      ConfigError: `config_unknown_key`: There is no such key.
    """
    value: Any = config
    for name in dotted.split("."):
        known = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
        if name not in known:
            raise ConfigError(
                "config_unknown_key", f"unknown key {dotted}{did_you_mean(name, known)}"
            )
        value = known[name]
    return value


def flattened(value: object, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yields dotted key and value of every leaf of nested mappings; an empty mapping is a leaf.

    Args:
      value: Nested mappings, or a leaf itself.
      at: Dotted key of `value`; empty for the outermost mapping.
    """
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from flattened(inner, f"{at}.{key}" if at else str(key))
    else:
        yield at, value


def dump(config: PipelineConfig) -> str:
    """The whole tree as YAML; `load` of it gives an equal configuration."""
    return yaml.safe_dump(_plain(dataclasses.asdict(config)), sort_keys=False, allow_unicode=True)


def parse(text: str) -> Any:
    """Parses YAML by the rules of version 1.2: `off` and `1e-3` are what they look like.

    Raises:
      ConfigError: `config_unreadable`: Not YAML, or a key stands twice in one mapping.
    """
    try:
        return parse_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise ConfigError(
            "config_unreadable", f"{where}{getattr(error, 'problem', error)}"
        ) from error


def from_mapping(cls: type[T], values: object, at: str = "") -> T:
    """Builds the dataclass `cls` from nested mappings, refusing what it does not know.

    Args:
      cls: The dataclass.
      values: What a YAML file says.
      at: Dotted key of the section, with its dot; for messages.

    Raises:
      ConfigError: The message starts with the dotted key, or names it.
    """
    if values is None:  # a section, or a whole file, with everything commented out
        values = {}
    if not isinstance(values, Mapping):
        where = at.rstrip(".") or "the file"
        raise ConfigError("config_wrong_type", f"{where} must be a section of keys, got {values!r}")
    hints = typing.get_type_hints(cls)
    kwargs = {}
    for key, value in values.items():
        if key not in hints:
            hint = did_you_mean(str(key), hints, prefix=at)
            raise ConfigError("config_unknown_key", f"unknown key {at}{key}{hint}")
        kwargs[key] = _typed(hints[key], value, f"{at}{key}")
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        no_default = field.default is field.default_factory is dataclasses.MISSING
        if no_default and field.name not in kwargs:
            raise ConfigError("config_missing_key", f"missing key {at}{field.name}")
    try:
        return cls(**kwargs)
    except ValueError as error:
        raise ConfigError("config_refused_value", f"{at}{error}") from error


def _typed(hint: Any, value: object, dotted: str) -> object:
    """`value` as the field's type: exact, but for integers where a float is asked for."""
    if dataclasses.is_dataclass(hint):
        return from_mapping(typing.cast("type[Any]", hint), value, f"{dotted}.")
    inner = typing.get_args(hint)
    if type(None) in inner:  # `X | None`
        return None if value is None else _typed(inner[0], value, dotted)
    kind = typing.get_origin(hint) or hint
    if kind is tuple and isinstance(value, (list, tuple)):
        parts = enumerate(value)
        return tuple(_typed(inner[0], part, f"{dotted}[{index}]") for index, part in parts)
    if kind is collections.abc.Mapping and isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(
                    "config_wrong_type", f"keys of {dotted} must be text, got {key!r}"
                )
        return {key: _typed(inner[1], part, f"{dotted}.{key}") for key, part in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is hint:
        return value
    raise ConfigError("config_wrong_type", f"{dotted} must be {_NAMES[kind]}, got {value!r}")


def _plain(value: Any) -> Any:
    """As YAML has it; a field that is null says nothing and is left out."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if part is not None}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
