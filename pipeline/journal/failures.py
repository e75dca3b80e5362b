"""From an exception of any library to a few lines that help."""

import re
from collections.abc import Iterator

from pipeline.journal import events

MAX_MESSAGE_LINES = 12
# Beam reports what a worker raised as the text of its traceback.
_LAST_LINE_OF_TRACEBACK = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Exit)): (.+)$", re.M)
_WHILE_RUNNING = re.compile(r"\s*\[while running '[^']*'\]")
_ADVICE = "Fix the cause and give the same command again: finished nodes come from the cache."


def describe(error: BaseException, node: str) -> events.Failed:
    """The event for an error that stopped the run.

    The first error of the chain that has a stable `code` is the one to show: it was raised on
    purpose, with a message for people. Without one it is the outermost.

    Args:
      error: What was raised.
      node: Id of the node that was started last; empty if none.
    """
    coded = next((link for link in _chain(error) if _code(link)), None)
    shown = coded or error
    kind, message = type(shown).__name__, str(shown)
    if coded is None and "Traceback (most recent call last)" in message:
        kind, message = _innermost(message, kind)
    return events.Failed(
        node=node,
        type=kind,
        code=_code(shown),
        message=_first_lines(_WHILE_RUNNING.sub("", message)) or kind,
        advice=_ADVICE,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _code(error: BaseException) -> str:
    code = getattr(error, "code", "")
    return code if isinstance(code, str) else ""  # gRPC, HTTP and exits have codes of other types


def _innermost(text: str, kind: str) -> tuple[str, str]:
    """Type and message of the first error that a printed traceback ends with."""
    found = _LAST_LINE_OF_TRACEBACK.search(text)
    return (found[1].rpartition(".")[2], found[2]) if found else (kind, text)


def _first_lines(message: str) -> str:
    lines = message.strip().splitlines()
    if len(lines) > MAX_MESSAGE_LINES:
        lines = [*lines[:MAX_MESSAGE_LINES], f"... {len(lines) - MAX_MESSAGE_LINES} more lines"]
    return "\n".join(lines)
