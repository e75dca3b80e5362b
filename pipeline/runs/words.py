"""Facts as a reader wants them: counts, times, long texts."""

import contextlib
import datetime
import json
from typing import Any, Final, TypeAlias

Value: TypeAlias = "int | float | str | bool | list[Any] | dict[str, Any] | None"

_SECONDS_IN_MINUTE: Final = 60
_SECONDS_IN_HOUR: Final = 3600


def counted(number: int, one: str, many: str = "") -> str:
    """A count and its noun: `1 run`, `2 runs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shortened(text: str, letters: int) -> str:
    """At most so many letters; an ellipsis says that there were more."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def moment(milliseconds: int) -> str:
    """Date and time in UTC; empty for 0, which means unknown."""
    if not milliseconds:
        return ""
    time = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """`3.2 s` below a minute, then `1 min 5 s`, then `2 h 3 min`: for pages."""
    if seconds < _SECONDS_IN_MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _SECONDS_IN_HOUR:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:,.0f} h {seconds % 3600 // 60:.0f} min"


def between(began: int, ended: int) -> str:
    """Time between two moments in milliseconds; empty where one of them is unknown."""
    return duration((ended - began) / 1000) if began and ended >= began else ""


def clock(seconds: float) -> str:
    """`3.2s` below a minute, then `1:05`, then `2:03:04`: for columns of a terminal."""
    if seconds < _SECONDS_IN_MINUTE:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def readable(value: Value) -> str:
    """A property's value; JSON, also inside of text, on several lines."""
    if value is None:
        return ""
    opened = _opened(value)
    if isinstance(opened, list | dict):
        return json.dumps(opened, indent=2, ensure_ascii=False)
    return str(opened)


def _opened(value: Value) -> Value:
    """The value with JSON texts in it replaced by what they say."""
    if isinstance(value, dict):
        return {name: _opened(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_opened(part) for part in value]
    if isinstance(value, str) and value.startswith(("{", "[")):
        with contextlib.suppress(json.JSONDecodeError, RecursionError):
            return _opened(json.loads(value))
    return value
