"""The epochs of a training, as `history.json` keeps them. Standard library only: pages read it."""

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Final

HISTORY_FILE: Final = "history.json"
CLIP_NORM: Final = 1.0  # global norm of the gradients above which a step is scaled down


@dataclasses.dataclass(frozen=True, kw_only=True)
class Epoch:
    """One epoch.

    Attributes:
      stage: Name of the training stage.
      epoch: Number over all stages, from 1.
      loss: Training loss.
      val_loss: Same loss on the selection split.
      val_auc: Over the videos of the selection split.
      learning_rate: At the end of the epoch.
      seconds: Wall time with the evaluation.
      gradient_norm: Mean over the steps of the global norm of the gradients before clipping; None
        in the history of a version that did not measure it.
      max_gradient_norm: The greatest of them.
    """

    stage: str
    epoch: int
    loss: float
    val_loss: float
    val_auc: float
    learning_rate: float
    seconds: float
    gradient_norm: float | None = None
    max_gradient_norm: float | None = None

    @property
    def merit(self) -> tuple[float, float]:
        """Greater is better: AUC, and the loss among equal ones."""
        return self.val_auc, -self.val_loss


def best(history: Sequence[Epoch]) -> Epoch:
    """The epoch of greatest merit, the earliest of equal ones."""
    return max(history, key=lambda epoch: epoch.merit)


def write(history: Sequence[Epoch], folder: pathlib.Path) -> None:
    """Writes HISTORY_FILE into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([dataclasses.asdict(epoch) for epoch in history], indent=1)
    (folder / HISTORY_FILE).write_text(text, encoding="utf-8")


def read(folder: pathlib.Path) -> tuple[Epoch, ...]:
    """The epochs of HISTORY_FILE in `folder`, in order.

    Raises:
      ValueError: The file is not JSON.
      TypeError: It holds something else than epochs.
    """
    values = json.loads((folder / HISTORY_FILE).read_text(encoding="utf-8"))
    return tuple(Epoch(**one) for one in values)
