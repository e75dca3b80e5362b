"""The work directory of a training: from it a killed training goes on at its last whole epoch.

`state.json` is written last and names the weight files that belong to it, so a kill at any
moment leaves either the old state or the new one.
"""

import contextlib
import dataclasses
import fcntl
import itertools
import json
import os
import pathlib
import shutil
import time
from collections.abc import Iterator
from typing import Final

import keras

from pipeline.model.history import Epoch, best
from schemas import files

_STATE: Final = "state.json"
_KEPT_SECONDS: Final = 7 * 86400


@contextlib.contextmanager
def claimed(root: pathlib.Path, identity: str) -> Iterator["WorkDirectory"]:
    """Yields a work directory that no other process uses meanwhile.

    A second training of the same identity at the same time gets one of its own and starts from
    nothing. What nobody went on with for a week is removed.

    Args:
      root: Folder of all work directories.
      identity: Digest of all that the training depends on.
    """
    root.mkdir(parents=True, exist_ok=True)
    for number in itertools.count():
        folder = root / (f"{identity[:16]}-{number}" if number else identity[:16])
        with _locked(folder) as mine:
            if mine:
                _forget_old(root, keep=folder)
                yield WorkDirectory(folder, identity)
                return


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> Iterator[bool]:
    """Yields whether this process holds the lock of `folder`."""
    path = folder.with_suffix(".lock")
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if os.fstat(lock.fileno()).st_nlink == 0:  # its last holder has just removed the file
            yield False
            return
        try:
            yield True
        finally:
            path.unlink()


def _forget_old(root: pathlib.Path, *, keep: pathlib.Path) -> None:
    oldest = time.time() - _KEPT_SECONDS
    for state in root.glob(f"*/{_STATE}"):
        if state.parent != keep and state.stat().st_mtime < oldest:
            with _locked(state.parent) as mine:
                if mine:
                    shutil.rmtree(state.parent)


class WorkDirectory:
    """Weights and history of an unfinished training.

    Attributes:
      folder: Work directory of this training.

    Args:
      folder: See above.
      identity: Digest of all that the training depends on. State of another identity is dropped.
    """

    def __init__(self, folder: pathlib.Path, identity: str) -> None:
        self.folder = folder
        self._identity = identity

    def history(self) -> list[Epoch]:
        """Finished epochs, in order; none where there is no state of this identity."""
        state_file = self.folder / _STATE
        if not state_file.exists():
            return []
        state = json.loads(state_file.read_text(encoding="utf-8"))
        if state["identity"] != self._identity:
            return []
        return [Epoch(**values) for values in state["history"]]

    def save(self, history: list[Epoch], fitted: keras.Model, detector: keras.Model) -> None:
        """Keeps the state after an epoch.

        Args:
          history: Up to and with that epoch.
          fitted: The model that `fit` runs on, whose optimizer is kept too.
          detector: Kept where the epoch is the best one.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        fitted.save_weights(self._last(history))
        if best(history) is history[-1]:
            detector.save_weights(self._best(history))
        state = {
            "identity": self._identity,
            "history": [dataclasses.asdict(epoch) for epoch in history],
        }
        files.write(self.folder / _STATE, json.dumps(state))
        kept = {self._last(history), self._best(history)}
        for path in set(self.folder.glob("*.weights.h5")) - kept:
            path.unlink()

    def restore_last(self, history: list[Epoch], fitted: keras.Model) -> None:
        """Puts weights and optimizer back to the end of the last epoch of `history`."""
        fitted.load_weights(self._last(history))

    def restore_best(self, history: list[Epoch], detector: keras.Model) -> None:
        """Puts the weights back to the end of the best epoch of `history`."""
        detector.load_weights(self._best(history))

    def clear(self) -> None:
        """Forgets the training."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _last(self, history: list[Epoch]) -> pathlib.Path:
        return self.folder / f"last-{history[-1].epoch:04d}.weights.h5"

    def _best(self, history: list[Epoch]) -> pathlib.Path:
        return self.folder / f"best-{best(history).epoch:04d}.weights.h5"
