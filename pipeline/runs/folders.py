"""Output folders: where files of runs and pages lie, who holds a folder, and finding a run."""

import contextlib
import dataclasses
import datetime
import fcntl
import hashlib
import pathlib
import secrets
from collections.abc import Iterator, Sequence
from typing import Final

from schemas import run_report
from schemas.errors import CallError, OutputInUseError, listed

LATEST: Final = "latest"  # as the name of a run: the newest
LOCK_FILE = ".lock"  # below the output folder; held by whoever runs there
# Custom property of an execution in ML Metadata: the address of a page, written as those of
# artifacts are. No cache key holds it: those are made of a node's inputs and parameters.
LINK_PROPERTY: Final = "dashboard"
# Custom property beside it: when the node ended, as ISO 8601 text, UTC. Writing the link moves the
# time of the last update, which said so until then.
ENDED_PROPERTY: Final = "ended_at"
_FRAMES: Final = "frames"


def run_folder_named(job_id: str, name: str) -> str:
    """Id of a run on a cluster: unique, and with the name that it was given, if any."""
    return f"{name}-{job_id}" if name else job_id


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The folder `<output>/<run_id>` of one run."""

    path: pathlib.Path

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def config(self) -> pathlib.Path:
        """The resolved configuration, as YAML."""
        return self.path / "config.yaml"

    @property
    def journal(self) -> pathlib.Path:
        """Events, one JSON line each."""
        return self.path / "events.jsonl"

    @property
    def steps(self) -> pathlib.Path:
        """Journals of container steps, one file per node: a step may write its own only."""
        return self.path / "steps"

    def step_journal(self, node: str) -> pathlib.Path:
        """Journal of the step of one node."""
        return self.steps / f"{node}.jsonl"

    @property
    def ir(self) -> pathlib.Path:
        """The compiled graph."""
        return self.path / "ir.json"

    @property
    def package(self) -> pathlib.Path:
        """The compiled Kubeflow package, where the run has one."""
        return self.path / "pipeline.yaml"

    @property
    def log(self) -> pathlib.Path:
        """Everything that the libraries say."""
        return self.path / "logs" / "run.log"

    def step_log(self, step: str) -> pathlib.Path:
        """Everything that the libraries say in one container step that runs on this machine."""
        return self.path / "logs" / f"{step}.log"

    @property
    def summary(self) -> pathlib.Path:
        """The run report, as JSON."""
        return self.path / run_report.FILE_NAME


def is_abandoned(folder: RunFolder) -> bool:
    """Whether the processes of an unfinished run on this machine are gone.

    A run that was killed together with its command leaves no last event, but the lock of its
    output folder is free then. Container steps take no lock, and the last one closes their run:
    such a run never counts as abandoned.
    """
    lock = folder.path.parent / LOCK_FILE
    if folder.steps.is_dir() or not lock.is_file():
        return False
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@dataclasses.dataclass(frozen=True)
class DashboardFolder:
    """The folder `<output>/dashboard`: a static site.

    `index.html`, `assets/`, `compare/<run>--<run>.html` and, per run, `runs/<run_id>/<page>.html`
    with the face crops that its pages show in `runs/<run_id>/frames/`.
    """

    path: pathlib.Path

    @classmethod
    def below(cls, output: pathlib.Path) -> "DashboardFolder":
        """The dashboard folder of an output folder."""
        return cls(output / "dashboard")

    @property
    def index(self) -> pathlib.Path:
        """The page of all runs."""
        return self.path / "index.html"

    @property
    def assets(self) -> pathlib.Path:
        """Style, script and Plotly, once for all pages."""
        return self.path / "assets"

    def run(self, run_id: str) -> pathlib.Path:
        """Folder of the pages of one run."""
        return self.path / "runs" / run_id

    def comparison(self, before: str, after: str) -> pathlib.Path:
        """The page of two runs side by side."""
        return self.path / "compare" / f"{before}--{after}.html"

    def comparisons(self) -> Iterator[pathlib.Path]:
        """All pages of two runs that are written."""
        yield from sorted(self.path.glob("compare/*.html"))

    def frame(self, run_id: str, record_key: str, number: int) -> pathlib.Path:
        """JPEG of one face crop; its name is a digest of the key, by which an erasure finds it."""
        return self.run(run_id) / _FRAMES / f"{_digest(record_key)}-{number}.jpg"

    def frames_of(self, record_key: str) -> Iterator[pathlib.Path]:
        """All crops of a video, of all runs."""
        yield from sorted(self.path.glob(f"runs/*/{_FRAMES}/{_digest(record_key)}-*.jpg"))


def _digest(record_key: str) -> str:
    return hashlib.sha256(record_key.encode()).hexdigest()[:24]


def create(output: pathlib.Path) -> RunFolder:
    """Makes the folder of a new run; its name sorts by time and is unique."""
    now = datetime.datetime.now()
    folder = RunFolder(output / f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
    folder.log.parent.mkdir(parents=True)
    return folder


def reports(output: pathlib.Path) -> list[pathlib.Path]:
    """The reports of the runs below `output` that have ended, by the names of their folders."""
    return sorted(output.glob(f"*/{run_report.FILE_NAME}"))


def existing(output: pathlib.Path) -> list[RunFolder]:
    """The runs below `output`, oldest first."""
    found = (RunFolder(path.parent) for path in output.glob("*/events.jsonl"))
    return sorted(found, key=lambda folder: folder.run_id)


def starting(name: str, ids: Sequence[str]) -> list[str]:
    """The id that is `name`, or else those that start with it; none if it is empty."""
    return [name] if name in ids else [known for known in ids if name and known.startswith(name)]


def meant(name: str, ids: Sequence[str]) -> list[str]:
    """The runs that a person may mean: by id, by the start of one, or by `latest`.

    Args:
      name: As it was given.
      ids: Of all runs, the newest last.
    """
    return list(ids[-1:]) if name == LATEST else starting(name, ids)


def find(output: pathlib.Path, name: str) -> RunFolder:
    """The run below `output` that `name` means.

    Raises:
      CallError: `no_such_run`: None, or several.
    """
    runs = {folder.run_id: folder for folder in existing(output)}
    matches = meant(name, list(runs))
    if len(matches) == 1:
        return runs[matches[0]]
    if not runs:
        raise CallError("no_such_run", f"no runs in {output}; see --output")
    found = "several runs start" if matches else "no run starts"
    newest = listed((matches or list(runs))[::-1])
    raise CallError("no_such_run", f"{found} with {name!r} in {output}; the last ones: {newest}")


@contextlib.contextmanager
def locked(output: pathlib.Path, *, alone: bool = True) -> Iterator[int]:
    """Holds the output folder's lock; yields its file descriptor.

    Several runs may hold it together if none of them asks to be `alone`.

    The lock is on the open file: a child that inherits the descriptor holds it too, so that it
    lives as long as the last process of the run.

    Raises:
      OutputInUseError: Another run holds it.
    """
    output.mkdir(parents=True, exist_ok=True)
    with (output / LOCK_FILE).open("a+") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputInUseError(
                "output_in_use",
                f"another run is using {output}; wait for it, or choose another --output",
            ) from error
        yield file.fileno()
