"""`deepfake demo`, `deepfake run` and `deepfake runs`."""

import os
import pathlib
import sys
from collections.abc import Callable, Mapping
from typing import Final

import click

from pipeline.cli import options
from pipeline.config import load
from pipeline.config.sections import SQLITE
from pipeline.config.tree import PipelineConfig
from pipeline.runners import supervisor
from pipeline.runs import events, reporting
from pipeline.runs import folders as runs_folders
from schemas.errors import CallError
from schemas.names import NODES, unknown_node
from schemas.run_report import EXIT_STATUS

LOCAL: Final = "local"
KUBEFLOW_STEPS: Final = "kubeflow-steps"
RUNNERS: Final = (LOCAL, KUBEFLOW_STEPS)

_WORKERS: Final[Mapping[str, str]] = {
    LOCAL: "pipeline.cli.worker",
    KUBEFLOW_STEPS: "pipeline.cli.steps_worker",
}

_no_cache = click.option("--no-cache", is_flag=True, help="Run every node, even unchanged ones.")


def execute(
    config: PipelineConfig, *, runner: str = LOCAL, from_node: str = "", to_node: str = ""
) -> int:
    """Runs the pipeline of `config` and shows it; returns the exit status of the command.

    Args:
      config: The resolved configuration.
      runner: One of `RUNNERS`.
      from_node: First node to run; empty = from the start.
      to_node: Last node to run; empty = to the end.

    Raises:
      OutputInUseError: Another run holds the output folder.
    """
    from pipeline.cli import views  # rich takes a tenth of a second; `--help` must not

    output = pathlib.Path(config.output)
    alone = config.metadata.backend == SQLITE  # allows one writer
    with runs_folders.locked(output, alone=alone) as lock:
        folder = runs_folders.create(output)
        folder.config.write_text(load.dump(config), encoding="utf-8")
        start = events.RunStarted(
            run_id=folder.run_id,
            pipeline=config.name,
            from_node=from_node,
            to_node=to_node,
            num_clips=config.clip.num_clips,
            notice=config.data.notice,
        )
        with views.opened(start, folder) as view:
            report = supervisor.supervise(
                folder, start, view, lock=lock, worker=(sys.executable, "-m", _WORKERS[runner])
            )
    views.show_report(report)
    views.show_dashboard(folder)
    return EXIT_STATUS[report.status]


def _node_name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Checks the id of a node, in any case; a wrong one is answered with the nearest."""
    by_lower_case = {node.lower(): node for node in NODES}
    if value and value.lower() not in by_lower_case:
        raise unknown_node(value, NODES)
    return by_lower_case.get(value.lower(), "")


def _folder_option(default: str) -> Callable[[options.Command], options.Command]:
    return click.option("--output", metavar="FOLDER", default=default, show_default=True)


def _node_option(flag: str, name: str, text: str) -> Callable[[options.Command], options.Command]:
    return click.option(flag, name, callback=_node_name, default="", metavar="NODE", help=text)


@click.command(short_help="Make videos, run everything, push a model.")
@_folder_option("runs/demo")
@_no_cache
def demo(output: str, no_cache: bool) -> int:
    """Make synthetic videos, run the whole pipeline on them, push a blessed model.

    The videos prove that the pipeline works. The figures say nothing of detection skill.
    They are made once per output folder; a second demo finds everything in the cache.

    \b
    Examples:
      deepfake demo
      deepfake demo --output runs/again --no-cache
    """
    config = load.load("demo")
    click.echo(config.data.notice)
    manifest = _demo_videos(pathlib.Path(output) / "videos")
    overrides = {"output": output, "data.manifest": str(manifest), "cache": not no_cache}
    return execute(load.with_overrides(config, overrides))


@click.command()
@click.option("--manifest", metavar="FILE", help="CSV or JSONL: video_id, path, label, ...")
@_node_option("--from", "from_node", "First node to run.")
@_node_option("--to", "to_node", "Last node to run.")
@_no_cache
@click.option(
    "--runner",
    type=click.Choice(RUNNERS),
    default=LOCAL,
    show_default=True,
    help="local: all nodes in one process. kubeflow-steps: as Kubeflow would, here: the package is"
    " compiled and every container step is a process of its own.",
)
@options.configured
def run(
    config: PipelineConfig,
    manifest: str | None,
    from_node: str,
    to_node: str,
    no_cache: bool,
    runner: str,
) -> int:
    """Run the pipeline on your videos.

    Nodes whose inputs, code and parameters are unchanged come from the cache. --from starts at a
    node with the outputs of an earlier run; --to stops after one.

    \b
    Nodes, in order:
      VideoValidator  FrameExtractor  StatisticsGen  ImportSchemaGen  ExampleValidator
      DataGate  Transform  Trainer  LatestBlessedModel  Evaluator  ServingValidator  Pusher

    \b
    Examples:
      deepfake run --manifest videos.csv
      deepfake run --manifest videos.csv --config mine.yaml --output runs/mine
      deepfake run --manifest videos.csv --to DataGate
      deepfake run --manifest videos.csv --from Trainer --set training.epochs=20
      deepfake run --manifest videos.csv --runner kubeflow-steps
    """
    values: dict[str, object] = {} if manifest is None else {"data.manifest": manifest}
    if no_cache:
        values["cache"] = False
    config = load.with_overrides(config, values)
    _check_manifest(config)
    if runner != LOCAL and (from_node or to_node):
        raise CallError(
            "partial_steps", f"--runner {runner} runs the whole graph: no --from or --to"
        )
    return execute(config, runner=runner, from_node=from_node, to_node=to_node)


@click.group()
def runs() -> None:
    """List runs and show what they did."""


@runs.command(name="list")
@_folder_option("runs")
def list_runs(output: str) -> None:
    """List the runs of an output folder, oldest first.

    \b
    Examples:
      deepfake runs list
      deepfake runs list --output runs/demo
    """
    folders = runs_folders.existing(pathlib.Path(output))
    if not folders:
        raise CallError("no_such_run", f"no runs in {output}; see --output")
    rows = []
    for folder in folders:
        report = reporting.of_run(folder)
        version = f"version {report.pushed.version}" if report.pushed else ""
        rows.append((folder.run_id, report.status.value, f"{report.seconds:.1f}s", version))
    click.echo("\n".join(options.table(rows, right={2})))


@runs.command()
@click.argument("run", metavar="RUN", default="latest")
@_folder_option("runs")
@options.json_flag("Print the report as JSON.")
@click.option("--svg", metavar="FILE", help="Write the report as a picture instead.")
def show(run: str, output: str, as_json: bool, svg: str | None) -> None:
    """Show the report of RUN: an id, the start of one, or `latest`.

    \b
    Examples:
      deepfake runs show
      deepfake runs show 20261122-1430 --output runs/demo --json
      deepfake runs show --svg report.svg
    """
    report = reporting.of_run(runs_folders.find(pathlib.Path(output), run))
    if as_json:
        click.echo(report.to_json())
        return
    from pipeline.cli import views  # rich takes a tenth of a second; `--help` must not

    if svg:
        views.write_picture(report, pathlib.Path(svg))
    else:
        views.show_report(report)


def _check_manifest(config: PipelineConfig) -> None:
    path = config.data.manifest
    if not path:
        raise CallError(
            "missing_manifest",
            "no manifest; give --manifest FILE (or data.manifest in the configuration)",
        )
    if not pathlib.Path(path).is_file():
        raise CallError("missing_manifest", f"no manifest file {path}; check --manifest")


def _demo_videos(folder: pathlib.Path) -> pathlib.Path:
    """Makes the videos where they are missing, and tells how far it is; returns their manifest."""
    from pipeline.demo import dataset  # numpy, OpenCV and PyAV; `--help` must not wait for them

    def show(done: int, total: int) -> None:
        if sys.stdout.isatty():
            click.echo(f"\rmaking videos {done}/{total}", nl=done == total)
        elif done == total:
            click.echo(f"{total} videos in {folder}")

    try:
        return dataset.write_dataset(folder, workers=os.cpu_count() or 1, on_progress=show)
    except FileExistsError as error:
        raise CallError("folder_taken", f"{error}; choose another --output") from error
