"""`deepfake lineage`: where models came from, why they were blessed, and who saw which video."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pipeline.cli import (
    lineage_changes,
    lineage_graph,
    lineage_tables,
    lineage_views,
    options,
    quiet,
)
from pipeline.config.tree import PipelineConfig

if TYPE_CHECKING:
    from pipeline.lineage.store import Store

_T = TypeVar("_T")

_KINDS: Final = ("video", "identity", "dataset")


@click.group()
def lineage() -> None:
    """Ask ML Metadata where a model came from, and what came from a video.

    MODEL is a pushed version, the id of a Model artifact, a run (or the start of its id), or
    `latest`. Only `erase --execute` changes anything.
    """


@lineage.command()
@click.argument("model")
@options.configured
@lineage_tables.output_format
def show(config: PipelineConfig, model: str, form: str) -> None:
    """Show what made MODEL: data, parameters, code, packages, and who blessed it.

    \b
    Examples:
      deepfake lineage show 1795368320
      deepfake lineage show latest --output runs/demo --format json
    """
    lineage_views.provenance(_answer(config, lambda store: _show(store, model)), form)


@lineage.command("trains-on")
@click.argument("asked", metavar="VIDEO|IDENTITY|DATASET")
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    help="What the name is  [default: the first that knows it]",
)
@options.configured
@lineage_tables.output_format
def trains_on(config: PipelineConfig, asked: str, kind: str | None, form: str) -> None:
    """List every model and pushed version that saw a video, a person or a dataset.

    A video is named by its record key, dataset/method/video_id. Videos of the split `test` were
    evaluated and never trained on.

    \b
    Examples:
      deepfake lineage trains-on demo/original/demo000_take0 --output runs/demo
      deepfake lineage trains-on demo000 --output runs/demo --format csv
    """
    lineage_views.membership(_answer(config, lambda store: _trains_on(store, asked, kind)), form)


@lineage.command()
@click.argument("model")
@options.configured
@lineage_tables.output_format
def why(config: PipelineConfig, model: str, form: str) -> None:
    """Say why MODEL was blessed or not: each gate with value, bound, slice and baseline.

    \b
    Examples:
      deepfake lineage why latest --output runs/demo
      deepfake lineage why 1795368320 --format csv
    """
    lineage_views.verdict(_answer(config, lambda store: _why(store, model)), form)


def _answer(config: PipelineConfig, ask: "Callable[[Store], _T]") -> _T:
    """Asks the store of `config`, without the libraries' own words on the screen."""
    from pipeline.lineage import errors, store

    try:
        with quiet.libraries():
            return ask(store.opened(config))
    except errors.LineageError as error:
        refusal = lineage_tables.LineageCallError(error)
    raise refusal


def _show(store: "Store", model: str) -> Any:
    from pipeline.lineage import show as question

    return question.show(store, model)


def _trains_on(store: "Store", asked: str, kind: str | None) -> Any:
    from pipeline.lineage import membership

    return membership.trains_on(store, asked, kind)


def _why(store: "Store", model: str) -> Any:
    from pipeline.lineage import verdicts

    return verdicts.why(store, model)


for _command in (*lineage_changes.COMMANDS, *lineage_graph.COMMANDS):
    lineage.add_command(_command)
