"""Numbers of charts as short as a screen can show: 200 slices must make a page, not a download."""

import math
from collections.abc import Iterable
from typing import Final

_DIGITS: Final = 4


def short(values: Iterable[float], digits: int = _DIGITS) -> list[float | int | None]:
    """Plain numbers with at most `digits` after the point; null where there is none."""
    return [_short(float(value), digits) for value in values]


def _short(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = round(value, digits)
    return int(rounded) if rounded.is_integer() else rounded
