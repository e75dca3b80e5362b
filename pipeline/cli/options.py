"""What commands share: options and how their values are read, output formats, quiet libraries."""

import contextlib
import csv
import functools
import io
import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

import click

from pipeline.config import load
from schemas.errors import CallError, DeepfakeError

_T = TypeVar("_T")
Command = TypeVar("Command", bound=Callable[..., Any])

_STDERR: Final = 2
_WIDEST: Final = 1_000_000  # columns of a line, which no terminal wraps here
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


def json_flag(text: str = "Print JSON.") -> Callable[[Command], Command]:
    """Adds --json, as `as_json`, with its help text."""
    return click.option("--json", "as_json", is_flag=True, help=text)


def setting(text: str) -> Callable[[Command], Command]:
    """Adds --set, as `overrides`, with its help text."""
    return click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help=text)


overrides: Final = setting("Override one value, by its dotted key; may be repeated.")


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
        help="Folder of runs, artifacts and pushed models, and of ML Metadata where it is a file"
        "  [default: the configuration's]",
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
    """JSON text of plain values; others, such as paths, become text."""
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV text without the last line end; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().removesuffix("\n")


def table(
    rows: Iterable[Sequence[object]],
    header: Sequence[str] = (),
    *,
    indent: int = 0,
    right: Collection[int] = (),
    styles: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Lines of a table whose columns are as wide as their widest cell: none is shortened.

    Args:
      rows: Cells from left to right; None is shown as a dash.
      header: Names of the columns; empty = no line of names.
      indent: Blanks before each line.
      right: Numbers of the columns, from 0, that are aligned at their right.
      styles: Rich's style of a cell, by its text. `click.echo` takes colours out again where
        nobody would see them.
    """
    from rich.console import Console  # takes a tenth of a second; `--help` must not
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    shown = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    if header:
        shown.insert(0, list(header))
    if not shown:
        return []
    drawn = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for number in range(len(shown[0])):
        drawn.add_column(no_wrap=True, justify="right" if number in right else "left")
    for row in shown:
        drawn.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
    console = Console(
        file=io.StringIO(), width=_WIDEST, force_terminal=bool(styles), color_system="standard"
    )
    with console.capture() as captured:
        console.print(Padding(drawn, (0, 0, 0, indent), expand=False))
    return [line.rstrip() for line in captured.get().splitlines()]
