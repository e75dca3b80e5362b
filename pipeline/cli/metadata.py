"""`deepfake metadata`: check, upgrade and fill the store that runs record themselves in."""

import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING, Final

import click

from pipeline.cli import options
from pipeline.config.tree import PipelineConfig

if TYPE_CHECKING:
    from pipeline.metadata.copying import CopyReport
    from pipeline.metadata.inspection import StoreFacts

# Tables of a copy, by what they are called on the screen.
_COPIED: Final = {
    "types": "Type",
    "executions": "Execution",
    "artifacts": "Artifact",
    "contexts": "Context",
    "events": "Event",
}


@click.group()
def metadata() -> None:
    """Check, upgrade and fill the store of ML Metadata.

    The store is a file below the output folder, or a MariaDB or MySQL database that
    `metadata.backend: mysql` names. The account for a server comes from the environment:
    DEEPFAKE_METADATA_USERNAME and DEEPFAKE_METADATA_PASSWORD.
    """


@metadata.command()
@options.configured
@options.json_flag()
def check(config: PipelineConfig, as_json: bool) -> None:
    """Show what the store is and holds, and whether runs can use it; change nothing.

    \b
    Exit status: 0 runs can use it, 2 they cannot; one line says why and what to do.

    \b
    Examples:
      deepfake metadata check
      deepfake metadata check --config kubeflow --set metadata.host=127.0.0.1
    """
    from pipeline.metadata import inspection

    facts = options.quietly(lambda: inspection.inspect(config))
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(facts), indent=2))
    else:
        _show(_lines_of_facts(facts))


@metadata.command()
@options.configured
def upgrade(config: PipelineConfig) -> None:
    """Make the tables of an empty store, or bring older ones up to date.

    Back the store up first. Tables of a newer version are left as they are.

    \b
    Example:
      deepfake metadata upgrade --config mine.yaml
    """
    from pipeline.metadata import readiness, schema

    before = options.quietly(lambda: readiness.upgrade(config))
    if before == schema.LIBRARY_VERSION:
        click.echo(f"nothing to do: the tables have version {before}")
    elif isinstance(before, int):
        click.echo(f"upgraded the tables from version {before} to {schema.LIBRARY_VERSION}")
    else:
        click.echo(f"made the tables, version {schema.LIBRARY_VERSION}")


@metadata.command()
@click.option(
    "--from",
    "source",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=pathlib.Path),
    help="SQLite file to copy from; it is only read.",
)
@click.option(
    "--rewrite",
    "rewrites",
    multiple=True,
    metavar="OLD=NEW",
    help="Folder of artifacts that moved; may be repeated.",
)
@options.configured
@options.json_flag()
def copy(
    config: PipelineConfig, source: pathlib.Path, rewrites: tuple[str, ...], as_json: bool
) -> None:
    """Add the history in an SQLite file to the store on a server.

    Runs, artifacts and what connects them get new ids; what both stores name alike becomes one.
    Everything appears at once, after it was read back and compared, or nothing does. A second
    copy adds only what is new. The artifacts' files are not moved: do that, and say with
    --rewrite where they are now.

    \b
    Examples:
      deepfake metadata copy --from runs/metadata.db --config team.yaml
      deepfake metadata copy --from runs/metadata.db --config team.yaml \\
          --rewrite /laptop/runs=/deepfake/runs/me
    """
    from pipeline.metadata import copying, readiness

    report = options.quietly(lambda: copying.copy(config, source, rewrites))
    handed_over = readiness.hand_over(config, source)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report), indent=2))
    else:
        _show(_lines_of_copy(report))
        if handed_over:
            click.echo(f"{config.output} belongs to the server's store from now on")


def _lines_of_facts(facts: "StoreFacts") -> dict[str, str]:
    version = facts.schema_version
    lines = {"backend": facts.backend, "server": facts.server, "store": facts.place}
    if facts.account:
        lines |= {"account": facts.account, "privileges": ", ".join(facts.privileges)}
    lines["tables"] = (
        f"version {version}, as this program needs"
        if version is not None
        else "none yet; the first run or `deepfake metadata upgrade` makes them"
    )
    return lines | {name: f"{count:,}" for name, count in facts.counts.items()}


def _lines_of_copy(report: "CopyReport") -> dict[str, str]:
    lines = {
        name: f"{report.added[table]:,} added, {report.already_there[table]:,} already there"
        for name, table in _COPIED.items()
    }
    if report.num_open:
        lines["left out"] = f"{report.num_open:,} executions that have not ended"
    return lines | {"verified": f"read back and compared, sha256 {report.digest}"}


def _show(lines: dict[str, str]) -> None:
    click.echo("\n".join(options.table(lines.items())))
