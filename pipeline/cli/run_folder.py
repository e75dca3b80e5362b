"""Makes and finds run folders, and keeps two runs out of one output folder where it must."""

import contextlib
import datetime
import fcntl
import pathlib
import secrets
from collections.abc import Iterator

from pipeline.cli import errors
from pipeline.journal import liveness
from pipeline.journal.run_folder import RunFolder


def create(output: pathlib.Path) -> RunFolder:
    """Makes the folder of a new run; its name sorts by time and is unique."""
    now = datetime.datetime.now()
    folder = RunFolder(output / f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
    folder.log.parent.mkdir(parents=True)
    return folder


def existing(output: pathlib.Path) -> list[RunFolder]:
    """The runs below `output`, oldest first."""
    found = (RunFolder(path.parent) for path in output.glob("*/events.jsonl"))
    return sorted(found, key=lambda folder: folder.run_id)


def find(output: pathlib.Path, name: str) -> RunFolder:
    """The run whose id starts with `name`; `latest` is the newest.

    Raises:
      NoSuchRunError: None, or several.
    """
    runs = existing(output)
    matches = runs[-1:] if name == "latest" else [f for f in runs if f.run_id.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if not runs:
        raise errors.NoSuchRunError(f"no runs in {output}; see --output")
    found = "several runs start" if matches else "no run starts"
    listed = ", ".join(folder.run_id for folder in (matches or runs)[-5:])
    raise errors.NoSuchRunError(f"{found} with {name!r} in {output}; the last ones: {listed}")


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
    with (output / liveness.LOCK_FILE).open("a+") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise errors.OutputInUseError(
                f"another run is using {output}; wait for it, or choose another --output"
            ) from error
        yield file.fileno()
