"""Binary cross-entropy in which pristine and fake weigh the same, whatever the batch holds.

The mean is taken over each class apart, then over the two (as selimsef/dfdc_deepfake_challenge
does), so that an uneven batch does not move the decision. Targets below 0 are left out: that is
how an absent frame, or a clip without any, is marked.
"""

from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from pipeline.config.sections import TrainingConfig
from pipeline.model.detector import CLIP_LOGIT, FRAME_LOGITS

IGNORED: Final = -1.0


class BalancedCrossEntropy(keras.losses.Loss):
    """Mean over classes of the mean cross-entropy of a class; a scalar for the whole batch.

    Call: targets [...] float32, 1 fake, 0 pristine, below 0 left out; logits [...] float32.

    Args:
      label_smoothing: e in [0, 0.5): the cross-entropy is with 1 - e and e.
    """

    def __init__(self, label_smoothing: float) -> None:
        super().__init__()
        self._label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        smooth = self._label_smoothing + (1 - 2 * self._label_smoothing) * y_true
        each = ops.maximum(y_pred, 0) - y_pred * smooth + ops.log1p(ops.exp(-ops.abs(y_pred)))
        means, classes = [], []
        for label in (0.0, 1.0):
            members = ops.cast(ops.equal(y_true, label), "float32")
            count = ops.sum(members)
            means.append(ops.sum(each * members) / ops.maximum(count, 1.0))
            classes.append(ops.minimum(count, 1.0))
        # One element, not none: Keras divides a loss of shape [n] by the replicas, a scalar not.
        return ops.reshape(sum(means) / ops.maximum(sum(classes), 1.0), (1,))


def losses(config: TrainingConfig) -> dict[str, keras.losses.Loss]:
    """One loss per output of the detector."""
    return {
        name: BalancedCrossEntropy(config.label_smoothing) for name in (CLIP_LOGIT, FRAME_LOGITS)
    }


def loss_weights(config: TrainingConfig) -> dict[str, float]:
    """Their shares, which add up to 1."""
    return {CLIP_LOGIT: 1 - config.frame_loss_weight, FRAME_LOGITS: config.frame_loss_weight}


def targets(is_fake: Any, present: Any) -> dict[str, Any]:
    """Targets of a batch of clips.

    Args:
      is_fake: [B] float32 in {0, 1}.
      present: [B, T] float32 in {0, 1}.

    Returns:
      CLIP_LOGIT [B] and FRAME_LOGITS [B, T]: the label, IGNORED where no face is present.
    """
    has_face = ops.max(present, axis=1)
    return {
        CLIP_LOGIT: has_face * is_fake + (1 - has_face) * IGNORED,
        FRAME_LOGITS: present * is_fake[:, None] + (1 - present) * IGNORED,
    }


def total(
    config: TrainingConfig,
    is_fake: npt.NDArray[np.float32],
    present: npt.NDArray[np.float32],
    logits: dict[str, npt.NDArray[np.float32]],
) -> float:
    """The training loss of a whole split at once; shapes as in `targets`, logits by output."""
    goals, parts, shares = targets(is_fake, present), losses(config), loss_weights(config)
    return float(sum(shares[name] * parts[name](goals[name], logits[name]) for name in shares))
