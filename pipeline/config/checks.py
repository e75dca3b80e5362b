"""Range and choice checks of the configuration sections: the value is echoed."""

import math


def expect(name: str, ok: bool, expected: str, value: object) -> None:
    """Raises ValueError, with the value, unless `ok`."""
    if not ok:
        raise ValueError(f"{name} must be {expected}, got {value!r}")


def expect_range(section: object, low: float, high: float, *names: str) -> None:
    """Checks that the named fields of `section` lie in [low, high]."""
    for name in names:
        value = getattr(section, name)
        upper = "" if math.isinf(high) else f" and at most {high:g}"
        expect(name, low <= value <= high, f"at least {low:g}{upper}", value)


def expect_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Checks that `value` is one of `choices`."""
    expect(name, value in choices, f"one of {', '.join(choices)}", value)
