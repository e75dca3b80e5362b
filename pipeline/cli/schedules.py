"""`deepfake schedule`: runs of the pipeline again and again on a Kubeflow cluster."""

import pathlib

import click

from pipeline.cli import cluster
from pipeline.cli.cluster import Target
from schemas.errors import CallError


@click.group()
def schedule() -> None:
    """Run the pipeline again and again on a Kubeflow cluster."""


@schedule.command()
@click.option("--cron", metavar="'S M H D M W'", help="Six fields, seconds first, in UTC.")
@click.option("--every", metavar="INTERVAL", help="Seconds, or 15m, 1h, 2d.")
@click.option("--name", "title", metavar="NAME", help="[default: the pipeline's name]")
@click.option(
    "--max-concurrency",
    type=click.IntRange(1, 10),
    default=1,
    show_default=True,
    help="Runs of this schedule at the same time.",
)
@click.option("--no-catchup", is_flag=True, help="Leave out the runs that a pause has missed.")
@cluster.package_option
@cluster.command
def create(
    cron: str | None,
    every: str | None,
    title: str | None,
    max_concurrency: int,
    no_catchup: bool,
    file: pathlib.Path | None,
    name: str,
    overrides: tuple[str, ...],
) -> None:
    """Make a schedule: --cron or --every says when, --set gives the parameters of its runs.

    Its runs use the package of today: after a change, delete the schedule and make it again.
    The cluster counts in UTC unless its administrator has set another time zone.

    \b
    Examples:
      deepfake schedule create --cron '0 0 2 * * *' --no-catchup
      deepfake schedule create --every 6h --name frequent --set training.epochs=5
    """
    from pipeline.runners.cluster import schedules as cluster_schedules

    if bool(cron) == bool(every):
        raise CallError("bad_call", "give either --cron or --every")
    trigger = cluster_schedules.Trigger(
        cron=cluster_schedules.cron(cron) if cron else "",
        interval_seconds=cluster_schedules.interval_seconds(every) if every else 0,
    )
    target = Target.starting(name, overrides)
    with target.package(file) as (path, package):
        parameters = target.parameters(package)
        version = target.cluster.uploaded.upload(path)
    schedule_id = cluster_schedules.Schedules(target.cluster).create(
        version,
        title or target.config.name,
        trigger,
        parameters,
        max_concurrency=max_concurrency,
        catches_up=not no_catchup,
    )
    click.echo(cluster.version_line(version, target))
    click.echo(f"schedule {schedule_id}  {trigger}")
    click.echo(f"see      {target.follow_up('schedule', 'list')}")


@schedule.command(name="list")
@cluster.command
def list_schedules(name: str, overrides: tuple[str, ...]) -> None:
    """List the schedules of the pipeline.

    \b
    Example:
      deepfake schedule list --config mine.yaml
    """
    from pipeline.runners.cluster.schedules import Schedules

    target = Target.looking(name, overrides)
    found = list(Schedules(target.cluster).listed())
    if found:
        cluster.show_schedules(found)
    else:
        click.echo(f"no schedules of {target.config.name}")


def _change(verb: str, summary: str) -> click.Command:
    """A command that does one thing to one schedule."""

    def change(which: str, name: str, overrides: tuple[str, ...]) -> None:
        from pipeline.runners.cluster.schedules import Schedules

        schedules = Schedules(Target.looking(name, overrides).cluster)
        found = schedules.find(which)
        {
            "enable": schedules.enable,
            "disable": schedules.disable,
            "delete": schedules.delete,
        }[verb](found)
        click.echo(f"{verb}d  {found.schedule_id}  {found.name}")

    change.__doc__ = f"{summary}\n\n\b\nExample:\n  deepfake schedule {verb} 3f0c"
    which = click.argument("which", metavar="SCHEDULE")
    return click.command(name=verb)(which(cluster.command(change)))


schedule.add_command(_change("enable", "Let SCHEDULE, a name or id, start runs again."))
schedule.add_command(_change("disable", "Keep SCHEDULE, a name or id, from starting runs."))
schedule.add_command(_change("delete", "Remove SCHEDULE, a name or id; its runs stay."))
