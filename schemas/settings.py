"""What all settings have in common: JSON there and back, and checks that echo what they got."""

import dataclasses
import json
import math
from typing import TypeVar

_Settings = TypeVar("_Settings", bound="Settings")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of frozen settings whose fields JSON can hold: numbers, text, and tuples of them."""

    def to_json(self) -> str:
        """One line with all fields, sorted: equal settings give equal text."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls: type[_Settings], text: str) -> _Settings:
        """Reads what `to_json` wrote.

        Raises:
          TypeError: A field is missing, or there is no such field.
          ValueError: Not JSON, or a value is out of its range.
        """
        values = json.loads(text)
        fields = {field.name for field in dataclasses.fields(cls)}
        if set(values) != fields:
            missing, unknown = sorted(fields - set(values)), sorted(set(values) - fields)
            raise TypeError(f"{cls.__name__}: missing fields {missing}, unknown fields {unknown}")
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def expect(name: str, ok: bool, expected: str, value: object) -> None:
    """Raises ValueError, with the value, unless `ok`."""
    if not ok:
        raise ValueError(f"{name} must be {expected}, got {value!r}")


def expect_range(section: object, low: float, high: float, *names: str) -> None:
    """Raises ValueError unless the named fields of `section` lie in [low, high]."""
    for name in names:
        value = getattr(section, name)
        upper = "" if math.isinf(high) else f" and at most {high:g}"
        expect(name, low <= value <= high, f"at least {low:g}{upper}", value)


def expect_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raises ValueError unless `value` is one of `choices`."""
    expect(name, value in choices, f"one of {', '.join(choices)}", value)
