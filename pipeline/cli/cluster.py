"""`deepfake submit` and `deepfake status`: runs on a Kubeflow cluster."""

import datetime
import itertools
import json
import pathlib
from typing import Final

import click

from pipeline.cli import cluster_target, cluster_views, wording
from pipeline.cli.cluster_target import Target

RUN_FAILED: Final = 1
INTERRUPTED: Final = 130


@click.command(short_help="Run the pipeline on a Kubeflow cluster.")
@cluster_target.package_option
@click.option("--run-name", metavar="NAME", help="[default: the pipeline's name and the time]")
@click.option("--wait", is_flag=True, help="Follow the run to its end; 1 if it does not succeed.")
@cluster_target.command
def submit(
    file: pathlib.Path | None,
    run_name: str | None,
    wait: bool,
    name: str,
    overrides: tuple[str, ...],
) -> int:
    """Upload the compiled pipeline, unless the cluster has it, and start a run.

    --set gives parameters of the run: the keys in `kubeflow.parameters`. What else the
    configuration says is compiled in.

    \b
    Examples:
      deepfake submit --config mine.yaml
      deepfake submit --config mine.yaml --set training.epochs=20 --wait
      deepfake submit --package deepfake-kubeflow.yaml --set kubeflow.host=http://localhost:8080
    """
    from pipeline.runners.kubeflow.package_file import RUN_NAME

    target = Target.starting(name, overrides)
    if run_name and pathlib.PurePath(run_name).name != run_name:
        raise click.UsageError(f"--run-name names a folder: no slashes, got {run_name!r}")
    now = datetime.datetime.now()
    run_name = run_name or f"{target.config.name}-{now:%Y%m%d-%H%M%S}"
    with target.package(file) as (path, package):
        parameters = {RUN_NAME: run_name, **target.parameters(package)}
        version = target.cluster.uploaded.upload(path)
    run_id = target.cluster.start(version, run_name, parameters)
    click.echo(cluster_views.of_version(version, target))
    click.echo(f"run      {run_id}  {run_name}")
    click.echo(f"open     {target.cluster.link(run_id)}")
    click.echo(f"follow   {target.follow_up('status', run_id)}")
    return _follow(run_id, target) if wait else 0


@click.command()
@click.argument("run", metavar="[RUN]", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Of the list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@cluster_target.command
def status(
    run: str | None, limit: int, as_json: bool, name: str, overrides: tuple[str, ...]
) -> None:
    """Show the steps of RUN: an id, the start of one, or `latest`. Without RUN, list the runs.

    \b
    Examples:
      deepfake status
      deepfake status latest --config mine.yaml
      deepfake status 3f0c --json
    """
    target = Target.looking(name, overrides)
    if run is not None:
        found = target.cluster.status(target.cluster.find_run(run))
        if as_json:
            click.echo(json.dumps(cluster_views.as_json(found, target), indent=2))
        else:
            cluster_views.show_run(found, target)
        return
    runs = list(itertools.islice(target.cluster.runs(), limit))
    if as_json:
        click.echo(json.dumps([cluster_views.as_json(one, target) for one in runs], indent=2))
    elif runs:
        cluster_views.show_runs(runs)
    else:
        click.echo(f"no runs of {target.config.name}; start one: {target.follow_up('submit')}")


def _follow(run_id: str, target: Target) -> int:
    """Prints what happens to a run until it has ended; 0 if it succeeded."""
    seen = None
    try:
        for found in target.cluster.follow(run_id):
            for line in cluster_views.changes(seen, found):
                click.echo(f"{wording.duration(found.seconds or 0.0):>8}  {line}")
            seen = found
    except KeyboardInterrupt:
        click.echo(f"the run goes on: {target.follow_up('status', run_id)}", err=True)
        return INTERRUPTED
    click.echo(f"the run has {found.state}; report: {target.report(found)}")
    if found.has_succeeded:
        return 0
    for line in cluster_views.failures(found, target):
        click.echo(line)
    return RUN_FAILED
