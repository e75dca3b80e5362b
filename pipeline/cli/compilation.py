"""`deepfake compile`: a configuration becomes a file that a cluster takes."""

import pathlib
import tempfile
from collections.abc import Mapping
from typing import Final

import click

from pipeline.cli import errors, quiet
from pipeline.config import load
from pipeline.config.nodes import NODES, PREPARE, REPORT
from pipeline.config.tree import PipelineConfig

KUBEFLOW: Final = "kubeflow"
VERTEX: Final = "vertex"
_ENDINGS: Final[Mapping[str, str]] = {KUBEFLOW: ".yaml", VERTEX: ".json"}


class UnfitFileError(errors.CallError):
    """The file to write cannot be written, or has another ending than its content."""

    code = "unfit_file"


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
@click.option("--output", metavar="FOLDER", help="Folder of artifacts, as the steps see it.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override one value, by its dotted key; may be repeated.",
)
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
      deepfake compile --target vertex --config mine.yaml
    """
    values: dict[str, object] = dict(map(_parsed_override, overrides))
    if manifest is not None:
        values["data.manifest"] = manifest
    if output is not None:
        values["output"] = output
    config = load.with_overrides(load.load(name or target), values)
    path = file or pathlib.Path(config.name + _ENDINGS[target])
    _check(path, target)
    click.echo(f"compiling {config.name} for {target}", err=True)
    facts = _write(config, target, path)
    click.echo(f"wrote       {path}, {path.stat().st_size:,} bytes")
    for line in facts:
        click.echo(line)


def _check(path: pathlib.Path, target: str) -> None:
    """Says before the long work what cannot be written after it."""
    if path.suffix != _ENDINGS[target]:
        raise UnfitFileError(f"-o must end with {_ENDINGS[target]} for {target}, got {path}")
    if not path.parent.is_dir():
        raise UnfitFileError(f"no folder {path.parent} to write {path.name} to; make it, or see -o")


def _write(config: PipelineConfig, target: str, path: pathlib.Path) -> list[str]:
    """Compiles to `path`, which stays as it is if that fails; returns what there is to say."""
    with tempfile.TemporaryDirectory() as folder:
        draft = pathlib.Path(folder) / path.name
        if target == KUBEFLOW:
            facts = [*_for_kubeflow(config, draft), f"next        deepfake submit --package {path}"]
        else:
            facts = _for_vertex(config, draft)
        try:
            path.write_bytes(draft.read_bytes())
        except OSError as error:
            raise UnfitFileError(f"cannot write {path}: {error.strerror}; see -o") from error
    return facts


def _for_kubeflow(config: PipelineConfig, path: pathlib.Path) -> list[str]:
    with quiet.libraries():
        from pipeline.runners import kubeflow  # TFX takes seconds to import; `--help` must not

        package = kubeflow.write_package(config, path)
    settable = [f"{key}={load.value_at(config, key)}" for key in package.parameters] or ["none"]
    return [
        f"digest      {package.digest}",
        f"steps       {', '.join((PREPARE, *NODES, REPORT))}",
        f"parameters  {settable[0]}",
        *(f"            {line}" for line in settable[1:]),
    ]


def _for_vertex(config: PipelineConfig, path: pathlib.Path) -> list[str]:
    with quiet.libraries():
        from pipeline.runners import vertex  # as above

        vertex.write_spec(config, path)
    return ["next        give it to Vertex AI as the template of a PipelineJob"]


def _parsed_override(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals:
        raise errors.BadOverrideError(f"--set wants KEY=VALUE, got {text!r}")
    return key, load.parse(value) if value else ""
