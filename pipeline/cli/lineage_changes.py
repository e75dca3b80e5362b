"""`deepfake lineage diff`, `verify` and `erase`."""

import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pipeline.cli import errors, lineage_change_views, lineage_tables, options, quiet, run_folder
from pipeline.config.metadata import MYSQL
from pipeline.config.tree import PipelineConfig
from pipeline.lineage.errors import LineageError
from pipeline.metadata.errors import MetadataError
from schemas import erased

if TYPE_CHECKING:
    from pipeline.lineage.erasing import Erasure
    from pipeline.lineage.erasure import ErasurePlan

_Command = TypeVar("_Command", bound=Callable[..., Any])
_T = TypeVar("_T")

FINDINGS: Final = 1  # exit status
_STALE_SECONDS: Final = 24 * 3600.0  # where nobody can tell whether a process still lives


class NotConfirmedError(errors.CallError):
    """What was typed is not the key."""

    code = "not_confirmed"


class RunGoingOnError(errors.CallError):
    """ML Metadata says that a run is at work."""

    code = "run_going_on"


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@options.configured
@lineage_tables.output_format
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
    from pipeline.lineage import comparison, names, run_facts, store

    def work() -> comparison.Comparison:
        opened, output = store.opened(config), pathlib.Path(config.output)
        before, after = (
            run_facts.of_run(opened, names.run(opened, name).name, output)
            for name in (run_a, run_b)
        )
        return comparison.compare(before, after)

    click.echo(lineage_change_views.comparison(_answered(work), form))


@click.command()
@options.configured
@lineage_tables.output_format
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
    from pipeline.lineage import store, verification

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
    found = _answered(
        lambda: verification.verify(
            store.opened(config), places, stale_seconds=0.0 if alone else _STALE_SECONDS
        )
    )
    click.echo(lineage_change_views.verification(found, form))
    if not is_idle:
        click.echo("a run is at work: folders that nobody recorded were not looked for", err=True)
    return FINDINGS if found.findings else 0


@click.command()
@click.argument("key", metavar="VIDEO|IDENTITY")
@click.option("--execute", is_flag=True, help="Do what the plan says, after a confirmation.")
@click.option("--confirm", metavar="KEY", help="The key once more, in place of typing it.")
@options.configured
@lineage_tables.output_format
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
    from pipeline.lineage import erasing, erasure, store
    from pipeline.metadata import connection

    listed = pathlib.Path(config.output) / erased.FILE_NAME

    def plan() -> erasure.ErasurePlan:
        return erasure.plan(store.opened(config), key, listed)

    if not execute:
        click.echo(lineage_change_views.erasure(_answered(plan), None, form))
        return
    _answered(lambda: store.opened(config))  # before the lock makes a folder
    with run_folder.locked(pathlib.Path(config.output)):
        if config.metadata.backend == MYSQL:
            _refuse_open_runs(config)
        found = _answered(plan)
        if form == lineage_tables.TABLE:
            click.echo(lineage_change_views.erasure(found, None, form))
        _confirm(found, confirm)
        done: Erasure = _answered(
            lambda: erasing.erase(connection.connection(config), found, listed)
        )
        click.echo(lineage_change_views.erasure(found, done, form))


COMMANDS: Final = (diff, verify, erase)


def _answered(work: Callable[[], _T]) -> _T:
    """Does `work` without the libraries' own words on the screen; ours say more."""
    with quiet.libraries():
        try:
            return work()
        except (LineageError, MetadataError) as error:
            refusal = lineage_tables.LineageCallError(error)
    raise refusal


def _is_idle(output: pathlib.Path) -> bool:
    if not output.is_dir():
        return True
    try:
        with run_folder.locked(output):
            return True
    except errors.OutputInUseError:
        return False


def _refuse_open_runs(config: PipelineConfig) -> None:
    """The lock says nothing of runs on other machines; their store does."""
    from pipeline.lineage import store, verification

    at_work = _answered(lambda: verification.runs_at_work(store.opened(config), _STALE_SECONDS))
    if at_work:
        raise RunGoingOnError(
            f"ML Metadata says that {', '.join(at_work)} is at work; wait until it has ended"
        )


def _confirm(plan: "ErasurePlan", given: str | None) -> None:
    typed = given if given is not None else click.prompt(f"Type {plan.name} to erase it", err=True)
    if typed != plan.name:
        raise NotConfirmedError(f"nothing was erased: the key is {plan.name!r}, not {typed!r}")
