"""What a command for a cluster is about: the configuration, the cluster, the package."""

import contextlib
import dataclasses
import functools
import pathlib
import shlex
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pipeline.cli import errors, options, quiet
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.journal.run_folder import RunFolder
from pipeline.runners.cluster import errors as cluster_errors
from pipeline.runners.errors import RunnerError

if TYPE_CHECKING:
    from pipeline.runners.cluster.client import Cluster
    from pipeline.runners.cluster.run_status import RunStatus
    from pipeline.runners.kubeflow.package_file import Package

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

_Command = TypeVar("_Command", bound=Callable[..., Any])


class ClusterCallError(errors.CallError):
    """What a cluster, or the way to it, answers; its code stands in the message."""

    def __init__(self, error: RunnerError) -> None:
        super().__init__(f"{error} ({error.code})")
        self.code = error.code


def command(function: _Command) -> _Command:
    """Adds --config and --set to a command, and makes its errors those of a call."""

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except RunnerError as error:
            raise ClusterCallError(error) from error

    config = options.configuration(DEFAULT)
    override = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="A value of the configuration, or of new runs; may be repeated.",
    )
    return config(override(call))  # type: ignore[return-value]


package_option = click.option(
    "--package",
    "file",
    metavar="FILE",
    type=click.Path(path_type=pathlib.Path),
    help="What `deepfake compile` wrote  [default: compile the configuration now]",
)


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
        given = dict(map(options.pair, overrides))
        own = {key: text for key, text in given.items() if key in CLIENT_KEYS}
        arguments = {key: text for key, text in given.items() if key not in CLIENT_KEYS}
        return cls(load.with_overrides(load.load(name), own), arguments, _options(name, own))

    @classmethod
    def looking(cls, name: str, overrides: tuple[str, ...]) -> "Target":
        """Of a command that starts nothing: everything is about the configuration."""
        given = dict(map(options.pair, overrides))
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
          NotARunParameterError: A key is none of the package's.
          ConfigError: A value is of another type than the key's, or refused by its section.
        """
        values = self._checked(package.parameters)
        return {package.parameters[key]: value for key, value in values.items()}

    def _checked(self, known: Collection[str]) -> dict[str, object]:
        """The values of `arguments`, typed, if all their keys are among `known`."""
        for key in self.arguments:
            if key not in known:
                raise cluster_errors.NotARunParameterError(key, known)
        config = load.with_overrides(self.config, _typed(self.config, self.arguments))
        return {key: load.value_at(config, key) for key in self.arguments}

    @contextlib.contextmanager
    def package(self, given: pathlib.Path | None) -> Iterator[tuple[pathlib.Path, "Package"]]:
        """Yields the package to upload, compiled now if none is given.

        Raises:
          OtherPipelineError: The given one is of another pipeline.
        """
        from pipeline.runners.kubeflow import package_file

        # Say what is wrong with the host or the account before the seconds that compiling takes.
        self.cluster.uploaded.id()
        if given is not None:
            contents = package_file.read_package(given)
            if contents.name != self.config.name:
                raise cluster_errors.OtherPipelineError(
                    f"{given} is a package of {contents.name}, the configuration is of"
                    f" {self.config.name}; name the one it was compiled from with --config"
                )
            yield given, contents
            return
        self._checked(self.config.kubeflow.parameters)  # before the seconds, too
        click.echo(f"compiling {self.config.name}", err=True)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "pipeline.yaml"
            yield path, _compiled(self.config, path)


def _compiled(config: PipelineConfig, path: pathlib.Path) -> "Package":
    with quiet.libraries():
        from pipeline.runners.kubeflow import compiler

        return compiler.write_package(config, path)


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
