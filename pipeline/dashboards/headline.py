"""The metrics by which runs are told apart at a glance, and how each is read."""

import dataclasses
from typing import Final

from pipeline.evaluation import statistics


@dataclasses.dataclass(frozen=True, kw_only=True)
class Headline:
    """One metric over videos, in [0, 1].

    Attributes:
      name: As in `pipeline.evaluation.statistics`.
      title: For people.
      help: What it is, in a sentence.
      greater_is_better: Whether a greater value is a better one.
    """

    name: str
    title: str
    help: str
    greater_is_better: bool = True


AUC: Final = Headline(
    name=statistics.AUC,
    title="AUC",
    help="How often a fake video scores above a real one: 1 always, 0.5 as a coin would.",
)
BALANCED_ACCURACY: Final = Headline(
    name=statistics.BALANCED_ACCURACY,
    title="Balanced accuracy",
    help="Mean of the shares of fakes and of reals that are called right, at score 0.5.",
)
RECALL: Final = Headline(
    name=statistics.RECALL,
    title="Recall",
    help="Share of fakes that are found, at score 0.5.",
)
SPECIFICITY: Final = Headline(
    name=statistics.SPECIFICITY,
    title="Specificity",
    help="Share of real videos that are not called fake, at score 0.5.",
)
ECE: Final = Headline(
    name=statistics.ECE,
    title="ECE",
    help="Expected calibration error: how far scores are from the share of fakes. Less is better.",
    greater_is_better=False,
)
EER: Final = Headline(
    name=statistics.EER,
    title="EER",
    help="Equal error rate: where as many reals are called fake as fakes real. Less is better.",
    greater_is_better=False,
)
TPR_AT_FPR_5: Final = Headline(
    name=statistics.TPR_AT_FPR_5,
    title="TPR at 5 % FPR",
    help="Share of fakes that are found where at most one real in twenty is called fake.",
)

HEADLINES: Final = (AUC, BALANCED_ACCURACY, RECALL, SPECIFICITY, ECE, EER, TPR_AT_FPR_5)
