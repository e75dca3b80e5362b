"""`deepfake submit` and `deepfake status`: runs on a Kubeflow cluster."""

import contextlib
import dataclasses
import datetime
import functools
import itertools
import json
import pathlib
import shlex
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.cli import options as cli_options
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.runs import words
from pipeline.runs.folders import RunFolder
from schemas.errors import RunnerError

if TYPE_CHECKING:
    from pipeline.runners.cluster.client import Cluster, Version
    from pipeline.runners.cluster.run_status import RunStatus, Step
    from pipeline.runners.cluster.schedules import Schedule
    from pipeline.runners.kubeflow.package_file import Package

_COLORS: Final = {
    "succeeded": "green",
    "failed": "red",
    "running": "cyan",
    "canceled": "yellow",
    "waiting": "bright_black",
    "not run": "bright_black",
}

DEFAULT: Final = "kubeflow"
# What this machine and the run's own record need: nothing of it is compiled into a package.
CLIENT_KEYS: Final = frozenset(
    f"kubeflow.{key}"
    for key in (
        "host",
        "namespace",
        "token_file",
        "cookies_file",
        "experiment",
        "service_account",
    )
)

package_option = click.option(
    "--package",
    "file",
    metavar="FILE",
    type=click.Path(path_type=pathlib.Path),
    help="What `deepfake compile` wrote  [default: compile the configuration now]",
)
RUN_FAILED: Final = 1
INTERRUPTED: Final = 130


def command(function: cli_options.Command) -> cli_options.Command:
    """Adds --config and --set to a command."""
    config = cli_options.configuration(DEFAULT)
    setting = cli_options.setting("A value of the configuration, or of new runs; may be repeated.")
    return config(setting(function))


@dataclasses.dataclass(frozen=True)
class Target:
    """The configuration of a command, and what it sets for one run.

    Attributes:
      config: With the values of `CLIENT_KEYS`.
      arguments: The other values, as text, by configuration key.
      options: --config and --set for another command about the same cluster.
    """

    config: PipelineConfig
    arguments: Mapping[str, str]
    options: tuple[str, ...]

    @classmethod
    def starting(cls, name: str, overrides: tuple[str, ...]) -> "Target":
        """Of a command that starts runs: what is not about the cluster is a parameter of them."""
        given = dict(map(cli_options.pair, overrides))
        own = {key: text for key, text in given.items() if key in CLIENT_KEYS}
        arguments = {key: text for key, text in given.items() if key not in CLIENT_KEYS}
        return cls(load.with_overrides(load.load(name), own), arguments, _options(name, own))

    @classmethod
    def looking(cls, name: str, overrides: tuple[str, ...]) -> "Target":
        """Of a command that starts nothing: everything is about the configuration."""
        given = dict(map(cli_options.pair, overrides))
        config = load.load(name)
        config = load.with_overrides(config, _typed(config, given))
        return cls(config, {}, _options(name, given))

    @functools.cached_property
    def cluster(self) -> "Cluster":
        """The configured cluster; nothing is sent yet."""
        from pipeline.runners.cluster import client

        return client.Cluster(self.config.kubeflow, self.config.name)

    def follow_up(self, *words: str) -> str:
        """The call of another command about the same cluster."""
        return shlex.join(["deepfake", *words, *self.options])

    def report(self, run: "RunStatus") -> str:
        """Where the report of a run lies once the run has ended."""
        path = RunFolder(pathlib.Path(self.config.output) / run.record).summary
        return f"{path} on the volume {self.config.kubeflow.volume}"

    def parameters(self, package: "Package") -> dict[str, object]:
        """The values of `arguments`, typed, by the names that the package gives them.

        Raises:
          ConfigError: `not_a_run_parameter`: A key is none of the package's.
          ConfigError: A value is of another type than the key's, or refused by its section.
        """
        values = self._checked(package.parameters)
        return {package.parameters[key]: value for key, value in values.items()}

    def _checked(self, known: Collection[str]) -> dict[str, object]:
        """The values of `arguments`, typed, if all their keys are among `known`."""
        for key in self.arguments:
            if key not in known:
                settable = ", ".join(sorted(known)) or "(no parameters)"
                raise RunnerError(
                    "not_a_run_parameter",
                    f"{key} is compiled into the package; change it in the configuration and"
                    f" compile again, or set one of {settable}",
                )
        config = load.with_overrides(self.config, _typed(self.config, self.arguments))
        return {key: load.value_at(config, key) for key in self.arguments}

    @contextlib.contextmanager
    def package(self, given: pathlib.Path | None) -> Iterator[tuple[pathlib.Path, "Package"]]:
        """Yields the package to upload, compiled now if none is given.

        Raises:
          RunnerError: `other_pipeline`: The given one is of another pipeline.
        """
        from pipeline.runners.kubeflow import package_file

        # Say what is wrong with the host or the account before the seconds that compiling takes.
        self.cluster.uploaded.id()
        if given is not None:
            contents = package_file.read_package(given)
            if contents.name != self.config.name:
                raise RunnerError(
                    "other_pipeline",
                    f"{given} is a package of {contents.name}, the configuration is of"
                    f" {self.config.name}; name the one it was compiled from with --config",
                )
            yield given, contents
            return
        self._checked(self.config.kubeflow.parameters)  # before the seconds, too
        click.echo(f"compiling {self.config.name}", err=True)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "pipeline.yaml"
            yield path, _compiled(self.config, path)


def _compiled(config: PipelineConfig, path: pathlib.Path) -> "Package":
    with cli_options.quiet_libraries():
        from pipeline.dashboards import visualisations
        from pipeline.runners.kubeflow import compiler

        return compiler.write_package(config, path, visualisations)


def _typed(config: PipelineConfig, texts: Mapping[str, str]) -> dict[str, object]:
    """Text stays text where the configuration has text; elsewhere it is read as YAML."""
    return {
        key: text if isinstance(load.value_at(config, key), str) else load.parse(text)
        for key, text in texts.items()
    }


def _options(name: str, values: Mapping[str, str]) -> tuple[str, ...]:
    chosen = [] if name == DEFAULT else ["--config", name]
    given = [word for key, text in values.items() for word in ("--set", f"{key}={text}")]
    return (*chosen, *given)


@click.command(short_help="Run the pipeline on a Kubeflow cluster.")
@package_option
@click.option("--run-name", metavar="NAME", help="[default: the pipeline's name and the time]")
@click.option("--wait", is_flag=True, help="Follow the run to its end; 1 if it does not succeed.")
@command
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
    click.echo(version_line(version, target))
    click.echo(f"run      {run_id}  {run_name}")
    click.echo(f"open     {target.cluster.link(run_id)}")
    click.echo(f"follow   {target.follow_up('status', run_id)}")
    return _follow(run_id, target) if wait else 0


@click.command()
@click.argument("run", metavar="[RUN]", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Of the list.")
@cli_options.json_flag()
@command
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
            click.echo(json.dumps(status_as_json(found, target), indent=2))
        else:
            show_run(found, target)
        return
    runs = list(itertools.islice(target.cluster.runs(), limit))
    if as_json:
        click.echo(json.dumps([status_as_json(one, target) for one in runs], indent=2))
    elif runs:
        show_runs(runs)
    else:
        click.echo(f"no runs of {target.config.name}; start one: {target.follow_up('submit')}")


def _follow(run_id: str, target: Target) -> int:
    """Prints what happens to a run until it has ended; 0 if it succeeded."""
    seen = None
    try:
        for found in target.cluster.follow(run_id):
            for line in changes(seen, found):
                click.echo(f"{words.clock(found.seconds or 0.0):>8}  {line}")
            seen = found
    except KeyboardInterrupt:
        click.echo(f"the run goes on: {target.follow_up('status', run_id)}", err=True)
        return INTERRUPTED
    click.echo(f"the run has {found.state}; report: {target.report(found)}")
    if found.has_succeeded:
        return 0
    for line in failures(found, target):
        click.echo(line)
    return RUN_FAILED


def version_line(version: "Version", target: Target) -> str:
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


def status_as_json(status: "RunStatus", target: Target) -> dict[str, Any]:
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


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return cli_options.table(rows, header, styles=_COLORS)


def _colored(text: str) -> str:
    return click.style(text, fg=_COLORS[text]) if text in _COLORS else text


def _time(moment: datetime.datetime | None) -> str:
    return f"{moment.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M:%S}" if moment else ""


def _iso(moment: datetime.datetime | None) -> str | None:
    return moment.astimezone(datetime.timezone.utc).isoformat() if moment else None


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else words.clock(seconds)
