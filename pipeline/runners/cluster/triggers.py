"""When a scheduled run starts: cron expressions and intervals as Kubeflow Pipelines reads them.

Its cron has six fields, seconds first, and the last one may be missing: the five fields of a
crontab are accepted there and mean something else. So they are refused here.
"""

import dataclasses
import re
from typing import Final

from pipeline.runners.cluster.errors import BadTriggerError

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST_SECONDS: Final = 60
_DESCRIPTORS: Final = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    lowest: int
    highest: int
    words: tuple[str, ...] = ()

    def number(self, text: str) -> int | None:
        """The number that `text` means; None if it is none of this field."""
        if text.lower() in self.words:
            return self.words.index(text.lower()) + self.lowest
        if not (text.isascii() and text.isdigit()):
            return None
        return int(text) if self.lowest <= int(text) <= self.highest else None


_FIELDS: Final = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)


def cron(text: str) -> str:
    """`text` with single spaces, if it is a cron expression of six fields.

    Raises:
      BadTriggerError: It is not; the message says which field is wrong.
    """
    fields = text.split()
    if len(fields) == 1 and text.strip() in _DESCRIPTORS:
        return text.strip()
    if len(fields) == 5:
        raise BadTriggerError(
            f"--cron {text!r} has five fields, but Kubeflow's cron has six, seconds first;"
            f" did you mean '0 {' '.join(fields)}'?"
        )
    if len(fields) != len(_FIELDS):
        raise BadTriggerError(
            f"--cron {text!r} has {len(fields)} fields; it needs six: second, minute, hour, day of"
            " month, month, day of week, such as '0 0 2 * * *' for every night at two"
        )
    for field, value in zip(_FIELDS, fields, strict=True):
        for part in value.split(","):
            if not _is_valid(field, part):
                raise BadTriggerError(
                    f"--cron {text!r}: {part!r} is no {field.name}"
                    f" ({field.lowest}-{field.highest}, *, a-b, */n, or several with commas)"
                )
    return " ".join(fields)


def _is_valid(field: _Field, part: str) -> bool:
    """Whether `part` is `*`, a number or a range, with or without a step."""
    span, slash, step = part.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span in ("*", "?"):
        return True
    first, dash, last = span.partition("-")
    low, high = field.number(first), field.number(last if dash else first)
    return low is not None and high is not None and low <= high


def interval_seconds(text: str) -> int:
    """Seconds of `900`, `90s`, `15m`, `1h` or `2d`.

    Raises:
      BadTriggerError: It is none of these, or shorter than a minute.
    """
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text.strip())
    if found is None:
        raise BadTriggerError(f"--every wants seconds, or 90s, 15m, 1h, 2d; got {text!r}")
    seconds = int(found[1]) * _SECONDS[found[2]]
    if seconds < _SHORTEST_SECONDS:
        raise BadTriggerError(f"--every must be a minute or more, got {text!r}")
    return seconds
