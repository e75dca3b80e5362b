"""`deepfake dashboard`: what runs found, as pages that open from disk or are served here."""

import contextlib
import pathlib
from typing import TYPE_CHECKING, Final

import click

from pipeline.cli import options
from pipeline.config.tree import PipelineConfig
from pipeline.runs import folders
from schemas.errors import CallError

if TYPE_CHECKING:
    from pipeline.dashboards.site import RunResult

INCOMPLETE: Final = 1  # exit status


@click.command(short_help="Show runs, evaluations and data as pages.")
@click.argument("run", default="")
@click.option("--serve", is_flag=True, help="Serve the pages here, and keep them up to date.")
@click.option("--port", default=8765, show_default=True, help="To serve at; 0 for any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve at.")
@click.option(
    "--compare", nargs=2, metavar="RUN RUN", default=None, help="Make the page of two runs instead."
)
@click.option("--force", is_flag=True, help="Make pages again that are up to date.")
@options.configured
def dashboard(
    config: PipelineConfig,
    run: str,
    serve: bool,
    port: int,
    host: str,
    compare: tuple[str, str] | None,
    force: bool,
) -> int:
    """Bring the pages of all runs, or of RUN, up to date, and say which file to open.

    The pages are static: they open from disk, ask no network for anything, and can be copied as a
    whole from <output>/dashboard. RUN is an id, the start of one, or `latest`. Pages whose sources
    have not changed are left as they are. ML Metadata is only read.

    With --serve they are served on this machine until Ctrl-C: pages of a run that goes on follow
    it, new runs appear, and any two runs can be compared.

    \b
    Exit status: 0 all is well, 1 some pages could not be made, 2 the call is wrong.

    \b
    Examples:
      deepfake dashboard
      deepfake dashboard latest --output runs/demo
      deepfake dashboard --output runs/demo --serve
      deepfake dashboard --compare 20261121 latest
    """
    output = pathlib.Path(config.output)
    if compare:
        status = _compare(config, output, compare)
    else:
        status = _build(config, output, run, is_forced=force)
    if serve:
        _serve(config, host, port)
    return status


def _build(config: PipelineConfig, output: pathlib.Path, run: str, *, is_forced: bool) -> int:
    chosen = [folders.find(output, run).run_id] if run else []
    from pipeline.dashboards import site  # Jinja and ML Metadata; `--help` must not wait for them

    with options.quiet_libraries():
        built = site.build(config, run_ids=chosen, is_forced=is_forced, tell=_tell)
    click.echo(f"open {built.index}")
    return 0 if built.is_complete else INCOMPLETE


def _tell(result: "RunResult") -> None:
    """A line per run; standard error is held back while pages are made."""
    if result.run_id:
        made = f"{len(result.written)} pages made" if result.written else "up to date"
        click.echo(f"{result.run_id}  {made}")
    for error in result.errors:
        click.echo(f"{result.run_id}  {error.code}: {error}".lstrip())


def _compare(config: PipelineConfig, output: pathlib.Path, names: tuple[str, str]) -> int:
    before, after = (folders.find(output, name).run_id for name in names)
    if before == after:
        raise CallError(
            "same_run", f"{names[0]} and {names[1]} are the same run, {before}; name two"
        )
    from pipeline.dashboards import site

    with options.quiet_libraries():
        path = site.compare(config, before, after)
    click.echo(f"open {path}")
    return 0


def _serve(config: PipelineConfig, host: str, port: int) -> None:
    from pipeline.dashboards import server

    with server.opened(config, host=host, port=port, around=options.quiet_libraries) as answering:
        click.echo(f"serving {answering.url} until Ctrl-C")
        with contextlib.suppress(KeyboardInterrupt):
            answering.serve_forever()
