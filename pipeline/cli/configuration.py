"""`deepfake config`: look at a configuration, check one."""

import click

from pipeline.cli import options
from pipeline.config import load


@click.group()
def config() -> None:
    """Look at configurations and check them.

    A configuration is a YAML file that states only what differs from the defaults.
    """


@config.command()
@options.configuration("local")
def show(name: str) -> None:
    """Print the whole tree that a configuration amounts to, as YAML.

    \b
    Examples:
      deepfake config show
      deepfake config show --config demo > mine.yaml
    """
    click.echo(load.dump(load.load(name)), nl=False)


@config.command()
@click.argument("file", metavar="FILE")
def validate(file: str) -> None:
    """Check FILE: unknown keys, wrong types and values out of range are named.

    \b
    Example:
      deepfake config validate mine.yaml
    """
    load.load(file)
    click.echo(f"{file} is valid")
