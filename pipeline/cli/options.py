"""Options that several commands share, and how their values are read."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipeline.cli import errors
from pipeline.config import load

Command = TypeVar("Command", bound=Callable[..., Any])


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


overrides = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override one value, by its dotted key; may be repeated.",
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
      BadOverrideError: One is not KEY=VALUE.
    """
    pairs = (pair(text) for text in given)
    return {key: load.parse(value) if value else "" for key, value in pairs}


def pair(text: str) -> tuple[str, str]:
    """Key and value, as text, of one --set.

    Raises:
      BadOverrideError: It is not KEY=VALUE.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise errors.BadOverrideError(f"--set wants KEY=VALUE, got {text!r}")
    return key, value
