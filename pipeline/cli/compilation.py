"""`deepfake compile`: a configuration becomes a file that a cluster takes."""

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator, Mapping
from typing import Final

import click

from pipeline.cli import options
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.runners.kubeflow import package_file
from schemas.errors import CallError
from schemas.names import NODES, PREPARE, REPORT

KUBEFLOW: Final = "kubeflow"
VERTEX: Final = "vertex"
_ENDINGS: Final[Mapping[str, str]] = {KUBEFLOW: ".yaml", VERTEX: ".json"}


@click.command(name="compile", short_help="Write the pipeline as a file for a cluster.")
@click.option(
    "--target",
    type=click.Choice(tuple(_ENDINGS)),
    default=KUBEFLOW,
    show_default=True,
    help="kubeflow: open-source Kubeflow Pipelines 2.x. vertex: Vertex AI Pipelines.",
)
@click.option(
    "--config",
    "name",
    metavar="FILE|NAME",
    help="A YAML file, or a shipped configuration  [default: the one named like the target]",
)
@click.option("--manifest", metavar="FILE", help="Manifest of the videos, as the steps see it.")
@click.option(
    "--manifest-copy",
    metavar="FILE",
    type=click.Path(path_type=pathlib.Path),
    help="For vertex: the same manifest on this machine, with its videos around it.",
)
@click.option("--output", metavar="FOLDER", help="Folder of artifacts, as the steps see it.")
@options.overrides
@click.option(
    "-o",
    "file",
    metavar="FILE",
    type=click.Path(path_type=pathlib.Path),
    help="Where to write  [default: the pipeline's name with .yaml, for vertex .json]",
)
def compile_pipeline(
    target: str,
    name: str | None,
    manifest: str | None,
    manifest_copy: pathlib.Path | None,
    output: str | None,
    overrides: tuple[str, ...],
    file: pathlib.Path | None,
) -> None:
    """Compile the pipeline of a configuration for a cluster.

    Nothing is started and no cluster is asked. The same configuration and code give the same file.

    \b
    Examples:
      deepfake compile
      deepfake compile --config mine.yaml --set training.epochs=20 -o mine-kubeflow.yaml
      deepfake compile --target vertex --config mine.yaml --manifest-copy videos/manifest.csv
    """
    values: dict[str, object] = options.parsed(overrides)
    if manifest is not None:
        values["data.manifest"] = manifest
    if output is not None:
        values["output"] = output
    config = load.with_overrides(load.load(name or target), values)
    path = file or pathlib.Path(config.name + _ENDINGS[target])
    _check(path, target, settings=name)
    if target == KUBEFLOW and manifest_copy:
        raise click.UsageError(f"--manifest-copy is for --target {VERTEX}")
    click.echo(f"compiling {config.name} for {target}", err=True)
    with _draft_of(path) as draft:
        if target == KUBEFLOW:
            facts = _for_kubeflow(config, draft)
        else:
            facts = _for_vertex(config, draft, manifest_copy)
    click.echo(f"wrote       {path}, {path.stat().st_size:,} bytes")
    for line in facts:
        click.echo(line)
    click.echo(f"next        {_next_command(target, name, path)}")


def _check(path: pathlib.Path, target: str, *, settings: str | None) -> None:
    """Says before the long work what cannot be written after it."""
    if path.suffix != _ENDINGS[target]:
        raise CallError(
            "unfit_file", f"-o must end with {_ENDINGS[target]} for {target}, got {path}"
        )
    if not path.parent.is_dir():
        raise CallError(
            "unfit_file", f"no folder {path.parent} to write {path.name} to; make it, or see -o"
        )
    if settings and path.resolve() == pathlib.Path(settings).resolve():
        raise CallError("unfit_file", f"{path} is the configuration; give -o another name")


@contextlib.contextmanager
def _draft_of(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields the path of a draft that becomes `path` at the end, unless something is raised."""
    with tempfile.TemporaryDirectory() as folder:
        draft = pathlib.Path(folder) / path.name
        yield draft
        try:
            path.write_bytes(draft.read_bytes())
        except OSError as error:
            raise CallError(
                "unfit_file", f"cannot write {path}: {error.strerror}; see -o"
            ) from error


def _for_kubeflow(config: PipelineConfig, path: pathlib.Path) -> list[str]:
    """Writes the package; returns what there is to say of it."""
    package_file.check_cluster(config)  # before the seconds that TFX takes to import
    with options.quiet_libraries():
        from pipeline.dashboards import visualisations
        from pipeline.runners.kubeflow import compiler

        package = compiler.write_package(config, path, visualisations)
    settable = [f"{key}={load.value_at(config, key)}" for key in package.parameters] or ["none"]
    return [
        f"digest      {package.digest}",
        f"steps       {', '.join((PREPARE, *NODES, REPORT))}",
        f"parameters  {settable[0]}",
        *(f"            {line}" for line in settable[1:]),
    ]


def _for_vertex(
    config: PipelineConfig, path: pathlib.Path, manifest_copy: pathlib.Path | None
) -> list[str]:
    """Writes the job; returns what there is to say of it."""
    with options.quiet_libraries():
        from pipeline.runners.vertex import compiler as vertex_compiler

        vertex_compiler.write_spec(config, path, manifest_copy=manifest_copy)
    return [f"steps       {', '.join(NODES)}"]


def _next_command(target: str, name: str | None, path: pathlib.Path) -> str:
    if target == VERTEX:
        return f"PipelineJob(template_path='{path}') of google-cloud-aiplatform"
    return f"deepfake submit --package {path}" + (f" --config {name}" if name else "")
