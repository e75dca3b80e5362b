"""What commands share: options and how their values are read, output formats, quiet libraries."""

import contextlib
import csv
import functools
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import click

from pipeline.config import load
from schemas.errors import CallError, DeepfakeError

_T = TypeVar("_T")
Command = TypeVar("Command", bound=Callable[..., Any])


overrides = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override one value, by its dotted key; may be repeated.",
)
_STDERR: Final = 2
TABLE: Final = "table"
JSON: Final = "json"
CSV: Final = "csv"
output_format = click.option(
    "--format",
    "form",
    type=click.Choice((TABLE, JSON, CSV)),
    default=TABLE,
    show_default=True,
    help="How to print.",
)


def configuration(default: str) -> Callable[[Command], Command]:
    """Adds --config, as `name`."""
    return click.option(
        "--config",
        "name",
        default=default,
        show_default=True,
        metavar="FILE|NAME",
        help=f"A YAML file, or a shipped configuration: {', '.join(load.shipped())}.",
    )


def configured(command: Command) -> Any:
    """Adds --config, --output and --set, and calls the command with the configuration."""

    @configuration("local")
    @click.option(
        "--output",
        metavar="FOLDER",
        help="Folder of artifacts, and of the store where it is a file  [default: the"
        " configuration's]",
    )
    @overrides
    @functools.wraps(command)
    def call(name: str, output: str | None, overrides: tuple[str, ...], **others: Any) -> Any:
        values = parsed(overrides)
        if output is not None:
            values["output"] = output
        return command(load.with_overrides(load.load(name), values), **others)

    return call


def parsed(given: tuple[str, ...]) -> dict[str, object]:
    """The values of --set by dotted key, typed as YAML types them.

    Raises:
      CallError: `bad_override`: One is not KEY=VALUE.
    """
    pairs = (pair(text) for text in given)
    return {key: load.parse(value) if value else "" for key, value in pairs}


def pair(text: str) -> tuple[str, str]:
    """Key and value, as text, of one --set.

    Raises:
      CallError: `bad_override`: It is not KEY=VALUE.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise CallError("bad_override", f"--set wants KEY=VALUE, got {text!r}")
    return key, value


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Holds back whatever is written to stderr, also by native code.

    It is dropped where the block ends, or raises one of our own errors, whose message says it all.
    It is shown before anything else that is raised.
    """
    own = os.dup(_STDERR)
    understood = False
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
            understood = True
        except DeepfakeError:
            understood = True
            raise
        finally:
            os.dup2(own, _STDERR)
            os.close(own)
            if not understood:
                held.seek(0)
                os.write(_STDERR, held.read())


def quietly(work: Callable[[], _T]) -> _T:
    """Does `work` without the libraries' own words on the screen."""
    with quiet_libraries():
        return work()


def as_json(document: Any) -> str:
    """JSON text of plain values."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """CSV text without the last line end; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().removesuffix("\n")


def columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Lines with the cells of all rows one below the other."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        indent + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
