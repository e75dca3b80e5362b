"""Closed vocabularies of the data model. Methods and datasets are open: the data brings them."""

import enum
from typing import Final


class Split(str, enum.Enum):
    """Part of the data. A connected component of videos lies in exactly one."""

    TRAIN = "train"
    VAL = "val"  # model selection: early stopping
    CALIBRATION = "calibration"  # temperature and thresholds
    TEST = "test"  # read by the Evaluator alone


SPLITS: Final = tuple(split.value for split in Split)

REAL: Final = "real"
FAKE: Final = "fake"
LABELS: Final = (REAL, FAKE)

PRISTINE_METHOD: Final = "original"
PRISTINE_TYPE: Final = "none"
UNKNOWN: Final = "unknown"

MANIPULATION_TYPES: Final = (
    PRISTINE_TYPE,
    "face_swap",
    "reenactment",
    "lip_sync",
    "talking_head",
    "attribute_editing",
    "entire_synthesis",
    UNKNOWN,
)
CONTEXTS: Final = ("news", "social", "entertainment", "lab", "other")
