"""How large gradients are: the optimizer measures what it gets, before it clips.

A norm that stays far above the bound of the clip says that the learning rate is too high; one that
falls to nothing says that nothing is learnt any more.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf


class GradientNorms:
    """Mean and maximum of the global norms since the last `reset`.

    The variable is the optimizer's neighbour and not its own: it is in no weight file, so that a
    training goes on from a file that an unmeasured optimizer wrote, and the other way round.

    On several devices each one sees the gradients of its share of the batch, which is what its own
    clip works on; mean and maximum are over the devices too.
    """

    def __init__(self) -> None:
        self._strategy = tf.distribute.get_strategy()
        # [3] float32: sum, number of steps, maximum; each device has its own.
        self._seen = tf.Variable(
            tf.zeros(3),
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.SUM,
        )

    def add(self, gradients: Sequence[Any]) -> None:
        """Takes one step into account; None stands for a variable without a gradient."""
        norm = tf.linalg.global_norm(gradients)
        total, steps, greatest = tf.unstack(self._seen.read_value())
        self._seen.assign(tf.stack([total + norm, steps + 1, tf.maximum(greatest, norm)]))

    def reset(self) -> None:
        """Forgets all steps."""
        self._seen.assign(tf.zeros(3))

    def mean(self) -> float:
        """Over all steps; not a number before the first."""
        total, steps, _ = self._by_device().sum(axis=0).tolist()
        return float(total / steps) if steps else math.nan

    def maximum(self) -> float:
        """Over all steps; not a number before the first."""
        seen = self._by_device()
        return float(seen[:, 2].max()) if seen[:, 1].any() else math.nan

    def _by_device(self) -> np.ndarray[Any, Any]:
        """[devices, 3] float64: sum, number of steps and maximum on each device."""
        local = self._strategy.experimental_local_results(self._seen)
        return np.array([values.numpy() for values in local], dtype=np.float64)


class MeasuredAdamW(keras.optimizers.AdamW):
    """AdamW that measures the gradients that it applies.

    With mixed precision Keras wraps it in a LossScaleOptimizer, which hands over gradients without
    its scale and leaves out those that are not finite: neither is seen here.

    Attributes:
      norms: Collects the norms of the gradients before they are clipped.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.norms = GradientNorms()

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Applies gradients as AdamW does."""
        grads = list(grads)
        self.norms.add(grads)
        super().apply(grads, trainable_variables)


def norms_of(model: keras.Model) -> GradientNorms:
    """The norms that the optimizer of a compiled model measures, whatever Keras wrapped it in."""
    optimizer = model.optimizer
    found: GradientNorms = getattr(optimizer, "inner_optimizer", optimizer).norms
    return found
