"""The command `deepfake`: its groups, and how errors become one line and an exit status."""

from collections.abc import Sequence

import click

from pipeline.cli import (
    cluster,
    compilation,
    configuration,
    dashboard,
    lineage,
    metadata,
    runs,
    schedules,
)
from pipeline.version import VERSION
from schemas.errors import DeepfakeError

BAD_CALL = 2
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="deepfake")
def cli() -> None:
    """From labelled videos to a calibrated, evaluated and served deepfake detector.

    \b
    Examples:
      deepfake demo                                   make videos, run everything, push a model
      deepfake run --manifest videos.csv              the same with your own videos
      deepfake run --manifest videos.csv --to DataGate    only check the data
      deepfake runs show latest                       what the last run did
      deepfake compile                                the same pipeline as a Kubeflow package
      deepfake submit                                 compile it and start a run on the cluster
      deepfake lineage show latest                    what made the last model
      deepfake dashboard --serve                      all of it as pages, kept up to date

    \b
    Exit status of runs:
      0  a model was pushed, or the run finished as far as --to asked
      1  a node failed
      2  the call or the configuration is wrong; nothing was started
      3  the run finished, but nothing was pushed; the report says why
      130  interrupted; the same command goes on from the finished nodes
    """


cli.add_command(runs.demo)
cli.add_command(runs.run)
cli.add_command(configuration.config)
cli.add_command(runs.runs)
cli.add_command(compilation.compile_pipeline)
cli.add_command(cluster.submit)
cli.add_command(cluster.status)
cli.add_command(schedules.schedule)
cli.add_command(metadata.metadata)
cli.add_command(lineage.lineage)
cli.add_command(dashboard.dashboard)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `deepfake ...` and returns its exit status."""
    try:
        status = cli.main(args=argv, prog_name="deepfake", standalone_mode=False)
    except DeepfakeError as error:  # the only place that knows what the command line understands
        click.echo(f"deepfake: {error} ({error.code})", err=True)
        return BAD_CALL
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:  # Ctrl-C before the run began
        click.echo("deepfake: interrupted", err=True)
        return INTERRUPTED
    return status if isinstance(status, int) else 0
