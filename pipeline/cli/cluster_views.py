"""Runs and schedules of a cluster as text and as JSON."""

import datetime
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.cli import wording
from pipeline.cli.cluster_target import Target

if TYPE_CHECKING:
    from pipeline.runners.cluster.pipelines import Version
    from pipeline.runners.cluster.run_status import RunStatus, Step
    from pipeline.runners.cluster.schedules import Schedule

_COLORS: Final = {
    "succeeded": "green",
    "failed": "red",
    "running": "cyan",
    "canceled": "yellow",
    "waiting": "bright_black",
    "not run": "bright_black",
}


def of_version(version: "Version", target: Target) -> str:
    """What became of the package that a command brought."""
    news = "uploaded" if version.is_new else "was uploaded before"
    return f"package  {target.config.name} {version.name}, {news}"


def show_run(status: "RunStatus", target: Target) -> None:
    """Prints a run with its steps."""
    took = f", {_duration(status.seconds)}" if status.seconds is not None else ""
    click.echo(f"run     {status.run_id}  {status.name}".rstrip())
    click.echo(f"state   {_colored(status.state)}{took}")
    if status.message:
        click.echo(f"error   {status.message}")
    click.echo(f"open    {target.cluster.link(status.run_id)}")
    click.echo(f"report  {target.report(status)}")
    if not status.steps:
        return
    click.echo()
    rows = [_step_row(step) for step in status.steps]
    lines = _table(("step", "state", "started (UTC)", "duration", "retries"), rows)
    click.echo(lines[0])
    for step, line in zip(status.steps, lines[1:], strict=True):
        click.echo(line)
        for detail in _failure(step, target):
            click.echo(f"    {detail}")


def show_runs(runs: Sequence["RunStatus"]) -> None:
    """Prints one line per run."""
    rows = [
        (run.run_id, run.name, run.state, _time(run.created), _duration(run.seconds))
        for run in runs
    ]
    click.echo("\n".join(_table(("run", "name", "state", "created (UTC)", "duration"), rows)))


def show_schedules(schedules: Iterable["Schedule"]) -> None:
    """Prints one line per schedule."""
    rows = [
        (
            schedule.schedule_id,
            schedule.name,
            "enabled" if schedule.is_enabled else "disabled",
            str(schedule.trigger),
            str(schedule.max_concurrency),
        )
        for schedule in schedules
    ]
    click.echo("\n".join(_table(("schedule", "name", "state", "when", "at once"), rows)))


def changes(before: "RunStatus | None", now: "RunStatus") -> list[str]:
    """What happened to the steps between two looks at a run, a line each."""
    known = {step.name: (step.state, step.retries) for step in (before.steps if before else ())}
    lines = []
    for step in now.steps:
        if (step.state, step.retries) == known.get(step.name, ("waiting", 0)):
            continue
        retry = f", retry {step.retries}" if step.retries else ""
        has_ended = step.state in ("succeeded", "failed") and step.seconds is not None
        took = f", {_duration(step.seconds)}" if has_ended else ""
        lines.append(f"{step.name} {_colored(step.state)}{retry}{took}")
    return lines


def failures(status: "RunStatus", target: Target) -> list[str]:
    """Why a run failed, by step; the run's own message where no step says it."""
    failed = [step for step in status.steps if step.state == "failed"]
    lines = [f"{step.name}: {detail}" for step in failed for detail in _failure(step, target)]
    return lines or list(filter(None, [status.message]))


def as_json(status: "RunStatus", target: Target) -> dict[str, Any]:
    """A run for programs."""
    return {
        "run_id": status.run_id,
        "name": status.name,
        "state": status.state,
        "created": _iso(status.created),
        "seconds": status.seconds,
        "message": status.message,
        "schedule_id": status.started_by,
        "link": target.cluster.link(status.run_id),
        "report": target.report(status),
        "steps": [
            {
                "name": step.name,
                "state": step.state,
                "started": _iso(step.started),
                "seconds": step.seconds,
                "retries": step.retries,
                "message": step.message,
                "pod": step.pod,
            }
            for step in status.steps
        ],
    }


def _step_row(step: "Step") -> tuple[str, ...]:
    retries = str(step.retries) if step.started else ""
    return (step.name, step.state, _time(step.started), _duration(step.seconds), retries)


def _failure(step: "Step", target: Target) -> list[str]:
    if step.state != "failed":
        return []
    lines = [f"error: {step.message}"] if step.message else []
    if step.pod:
        namespace = target.config.kubeflow.namespace
        where = f" -n {namespace}" if namespace else ""
        lines.append(f"log: kubectl logs {step.pod} -c main{where}")
    return lines


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with columns as wide as their widest cell; states in colour."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(
            _colored(cell) + " " * (width - len(cell))
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in (head, *rows)
    ]


def _colored(text: str) -> str:
    return click.style(text, fg=_COLORS[text]) if text in _COLORS else text


def _time(moment: datetime.datetime | None) -> str:
    return f"{moment.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M:%S}" if moment else ""


def _iso(moment: datetime.datetime | None) -> str | None:
    return moment.astimezone(datetime.timezone.utc).isoformat() if moment else None


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else wording.duration(seconds)
