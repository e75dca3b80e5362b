"""`deepfake lineage`: where models came from, why they were blessed, and who saw which video."""

import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pipeline.cli import lineage_views, options
from pipeline.config.sections import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.runs import folders
from schemas import erased
from schemas.errors import CallError, OutputInUseError

if TYPE_CHECKING:
    from pipeline.lineage.erasure import Erasure, ErasurePlan
    from pipeline.lineage.store import Store

_FORMATS: Final = ("html", "mermaid", "json", "dot", "openlineage")

_T = TypeVar("_T")
FINDINGS: Final = 1  # exit status
_STALE_SECONDS: Final = 24 * 3600.0  # where nobody can tell whether a process still lives
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
@options.output_format
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
@options.output_format
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
@options.output_format
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
    from pipeline.lineage import store as lineage_store

    return options.quietly(lambda: ask(lineage_store.opened(config)))


def _show(store: "Store", model: str) -> Any:
    from pipeline.lineage import show as question

    return question.show(store, model)


def _trains_on(store: "Store", asked: str, kind: str | None) -> Any:
    from pipeline.lineage import membership

    return membership.trains_on(store, asked, kind)


def _why(store: "Store", model: str) -> Any:
    from pipeline.lineage import verdicts

    return verdicts.why(store, model)


@lineage.command()
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
@options.configured
def graph(config: PipelineConfig, subject: str, file: pathlib.Path, kind: str | None) -> None:
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
    num_nodes = _drawn(config, subject, file, kind)
    click.echo(f"{file}: {num_nodes} nodes")


def _drawn(config: PipelineConfig, subject: str, file: pathlib.Path, kind: str | None) -> int:
    with options.quiet_libraries():
        from pipeline.lineage import export
        from pipeline.lineage import graph as graphs
        from pipeline.lineage import store as lineage_store

        try:
            chosen = kind or export.format_of(file)
            drawn = graphs.graph_of(lineage_store.opened(config), subject)
            export.write(drawn, file, chosen)
            return len(drawn.nodes)
        except OSError as error:
            raise CallError("cannot_write", f"cannot write {file}: {error.strerror}") from error


@lineage.command()
@click.argument("run_a")
@click.argument("run_b")
@options.configured
@options.output_format
def diff(config: PipelineConfig, run_a: str, run_b: str, form: str) -> None:
    """Show what changed from RUN_A to RUN_B, and what it did to each metric.

    A run is named by its id, the start of it, or `latest`. Compared are the videos, the
    configuration, the code of each node, the packages, and every metric of every slice with its
    interval. Intervals that overlap do not show that nothing changed.

    \b
    Examples:
      deepfake lineage diff 20261121 latest
      deepfake lineage diff 20261121-101500-ab12 latest --format csv > metrics.csv
    """
    from pipeline.lineage import comparison, names
    from pipeline.lineage import store as lineage_store

    def work() -> comparison.Comparison:
        opened, output = lineage_store.opened(config), pathlib.Path(config.output)
        before, after = (
            comparison.facts_of_run(opened, names.run(opened, name).name, output)
            for name in (run_a, run_b)
        )
        return comparison.compare(before, after)

    click.echo(lineage_views.comparison(options.quietly(work), form))


@lineage.command()
@options.configured
@options.output_format
def verify(config: PipelineConfig, form: str) -> int:
    """Compare every artifact's files with the digests that were kept, and find what nobody knows.

    Reads the examples, manifests, models and pushed versions whole. Looks for folders of artifacts
    and version folders that nothing recorded, and for executions that never ended. Changes nothing.

    \b
    Exit status: 0 all is well, 1 something was found, 2 the store cannot be read.

    \b
    Example:
      deepfake lineage verify --output runs/demo --format json
    """
    from pipeline.lineage import store as lineage_store
    from pipeline.lineage import verification

    output = pathlib.Path(config.output)
    is_idle = _is_idle(output)
    places = verification.Places(
        # A run at work has folders that it has not recorded yet.
        artifacts=output / "artifacts" if is_idle else None,
        versions=pathlib.Path(config.push.base_directory or output / "serving")
        / config.push.model_name
        if is_idle
        else None,
    )
    alone = is_idle and config.metadata.backend != MYSQL
    found = options.quietly(
        lambda: verification.verify(
            lineage_store.opened(config), places, stale_seconds=0.0 if alone else _STALE_SECONDS
        )
    )
    click.echo(lineage_views.verification(found, form))
    if not is_idle:
        click.echo("a run is at work: folders that nobody recorded were not looked for", err=True)
    return FINDINGS if found.findings else 0


@lineage.command()
@click.argument("key", metavar="VIDEO|IDENTITY")
@click.option("--execute", is_flag=True, help="Do what the plan says, after a confirmation.")
@click.option("--confirm", metavar="KEY", help="The key once more, in place of typing it.")
@options.configured
@options.output_format
def erase(config: PipelineConfig, key: str, execute: bool, confirm: str | None, form: str) -> None:
    """Show what erasing a video or a person comes to; with --execute, erase.

    VIDEO is dataset/method/video_id, IDENTITY is dataset/name or a name. Always prints the plan.

    \b
    With --execute, and the key typed once more:
      - examples that hold one of the videos are removed, whole artifacts, and with them the
        statistics that name single videos; its scores are taken out of the models;
      - its face crops on the pages of the dashboard are removed;
      - models that learnt from it, and what was pushed of them, are marked `tainted`. They are
        not removed and go on being served: train again, then take the old versions away;
      - the key's SHA-256 goes to <output>/erased.jsonl, and later runs leave the videos out;
      - the erasure is recorded in ML Metadata.
    An interrupted erasure goes on with the same call. The videos themselves, your manifest,
    logs, and the manifests of past runs are not touched: the plan names what is left.

    \b
    Examples:
      deepfake lineage erase ff/original/071
      deepfake lineage erase ff/person12 --execute
    """
    from pipeline.lineage import erasure
    from pipeline.lineage import store as lineage_store
    from pipeline.metadata import connection

    listed = pathlib.Path(config.output) / erased.FILE_NAME

    def plan() -> erasure.ErasurePlan:
        return erasure.plan(lineage_store.opened(config), key, listed)

    if not execute:
        click.echo(lineage_views.erasure(options.quietly(plan), None, form))
        return
    options.quietly(lambda: lineage_store.opened(config))  # before the lock makes a folder
    with folders.locked(pathlib.Path(config.output)):
        if config.metadata.backend == MYSQL:
            _refuse_open_runs(config)
        found = options.quietly(plan)
        if form == options.TABLE:
            click.echo(lineage_views.erasure(found, None, form))
        _confirm(found, confirm)
        done: Erasure = options.quietly(
            lambda: erasure.erase(connection.connection(config), found, listed)
        )
        click.echo(lineage_views.erasure(found, done, form))


def _is_idle(output: pathlib.Path) -> bool:
    if not output.is_dir():
        return True
    try:
        with folders.locked(output):
            return True
    except OutputInUseError:
        return False


def _refuse_open_runs(config: PipelineConfig) -> None:
    """The lock says nothing of runs on other machines; their store does."""
    from pipeline.lineage import store as lineage_store
    from pipeline.lineage import verification

    at_work = options.quietly(
        lambda: verification.runs_at_work(lineage_store.opened(config), _STALE_SECONDS)
    )
    if at_work:
        raise CallError(
            "run_going_on",
            f"ML Metadata says that {', '.join(at_work)} is at work; wait until it has ended",
        )


def _confirm(plan: "ErasurePlan", given: str | None) -> None:
    typed = given if given is not None else click.prompt(f"Type {plan.name} to erase it", err=True)
    if typed != plan.name:
        raise CallError(
            "not_confirmed", f"nothing was erased: the key is {plan.name!r}, not {typed!r}"
        )
