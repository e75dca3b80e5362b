"""`deepfake lineage graph`: where a model came from, or what a run did, as a picture."""

import pathlib
from typing import TYPE_CHECKING, Final

import click

from pipeline.cli import errors, options, quiet
from pipeline.config import load
from pipeline.metadata.errors import MetadataError

if TYPE_CHECKING:
    from pipeline.config.tree import PipelineConfig

_FORMATS: Final = ("html", "mermaid", "json", "dot", "openlineage")


class NoGraphError(errors.CallError):
    """Why there is no graph; its code is that of the error of the store or the question."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@click.command()
@click.argument("subject", metavar="MODEL|RUN")
@click.option(
    "-o",
    "file",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="File to write: .html, .mmd, .dot, .json, or .ol.json for OpenLineage.",
)
@click.option("--format", "kind", type=click.Choice(_FORMATS), help="Format, whatever the name.")
@options.configuration("local")
@click.option(
    "--output",
    metavar="FOLDER",
    help="Folder of artifacts, and of the store where it is a file  [default: the configuration's]",
)
@options.overrides
def graph(
    subject: str,
    file: pathlib.Path,
    kind: str | None,
    name: str,
    output: str | None,
    overrides: tuple[str, ...],
) -> None:
    """Draw what a model came from and what came of it, or everything that a run did.

    MODEL is a pushed version or the id of a model; RUN is the start of a run's id, or `latest`.
    The HTML page is one file that opens without a network: move, zoom, search, hide branches,
    choose a node for its properties.

    \b
    Examples:
      deepfake lineage graph 1795363616 -o model.html
      deepfake lineage graph latest -o run.mmd
      deepfake lineage graph latest -o events.ol.json
    """
    values = options.parsed(overrides)
    if output is not None:
        values["output"] = output
    num_nodes = _drawn(load.with_overrides(load.load(name), values), subject, file, kind)
    click.echo(f"{file}: {num_nodes} nodes")


def _drawn(config: "PipelineConfig", subject: str, file: pathlib.Path, kind: str | None) -> int:
    with quiet.libraries():
        from pipeline.lineage import export, store
        from pipeline.lineage import graph as graphs
        from pipeline.lineage.errors import LineageError

        try:
            chosen = kind or export.format_of(file)
            drawn = graphs.of(store.opened(config), subject)
            export.write(drawn, file, chosen)
            return len(drawn.nodes)
        except (LineageError, MetadataError) as error:
            refusal = NoGraphError(str(error), error.code)
        except OSError as error:
            refusal = NoGraphError(f"cannot write {file}: {error.strerror}", "cannot_write")
    raise refusal


COMMANDS: Final = (graph,)
