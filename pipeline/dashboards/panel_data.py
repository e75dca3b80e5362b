"""The contract of panels whose figures no node of this pipeline makes yet.

A panel lights up when `<run>/panels/<name>.json` is there; it is absent otherwise. The file is a
JSON object with the fields of the class below, checked strictly: an unknown, missing or mistyped
field is an error that names it, never a panel that is silently half empty. So is a reference to
what is not there, and a second figure for the same thing.

`docs/dashboard-data.md` has an example of each.
"""

import dataclasses
import json
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pipeline.config import load
from pipeline.runs.folders import RunFolder
from schemas.errors import ConfigError, PanelDataError
from schemas.settings import expect, expect_range

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """A rate over videos, in [0, 1], with its interval; both bounds are null if it is unknown."""

    value: float
    num_videos: int
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        expect_range(self, 0, 1, "value")
        expect_range(self, 1, math.inf, "num_videos")
        bounds = (self.lower, self.upper)
        expect("lower and upper", bounds.count(None) != 1, "both given or both null", bounds)
        if self.lower is not None and self.upper is not None:
            expect("lower", 0 <= self.lower <= self.value, "in [0, value]", self.lower)
            expect("upper", self.value <= self.upper <= 1, "in [value, 1]", self.upper)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Perturbed:
    """Test videos after one perturbation at one level."""

    perturbation: str  # jpeg, blur, noise, ...
    level: str  # in the order of strength, as the levels are to be shown
    figure: Figure


@dataclasses.dataclass(frozen=True, kw_only=True)
class Robustness:
    """`robustness.json`: one metric under perturbations, and without (`clean`)."""

    metric: str
    clean: Figure
    perturbed: tuple[Perturbed, ...]

    def __post_init__(self) -> None:
        _expect_distinct("perturbed", [(one.perturbation, one.level) for one in self.perturbed])


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A manipulation method that a model was trained without, and tested on."""

    manipulation_method: str
    unseen: Figure
    seen: Figure | None = None  # of the model that was trained with it


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeaveOneMethodOut:
    """`leave_one_method_out.json`."""

    metric: str
    methods: tuple[LeftOut, ...]

    def __post_init__(self) -> None:
        _expect_distinct("methods", [one.manipulation_method for one in self.methods])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial of a search; `score` is null where it failed."""

    trial_id: str
    hyperparameters: Mapping[str, str]
    score: float | None = None

    def __post_init__(self) -> None:
        is_told = self.score is None or math.isfinite(self.score)
        expect("score", is_told, "finite, or null", self.score)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tuning:
    """`tuning.json`: a search for hyperparameters; the best trial is one of those that ended."""

    objective: str
    greater_is_better: bool
    trials: tuple[Trial, ...]
    best_trial_id: str

    def __post_init__(self) -> None:
        _expect_distinct("trials", [trial.trial_id for trial in self.trials])
        ended = [trial.trial_id for trial in self.trials if trial.score is not None]
        expected = f"a trial with a score ({', '.join(ended) or 'there is none'})"
        expect("best_trial_id", self.best_trial_id in ended, expected, self.best_trial_id)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fold:
    """One fold of a cross-validation."""

    name: str
    figure: Figure


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """`cross_validation.json`."""

    metric: str
    folds: tuple[Fold, ...]

    def __post_init__(self) -> None:
        _expect_distinct("folds", [fold.name for fold in self.folds])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """A card of the model or of the data; `path` is relative to the run's folder."""

    title: str
    path: str

    def __post_init__(self) -> None:
        path = pathlib.PurePosixPath(self.path)
        is_inside = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
        expect("path", is_inside, "relative to the run's folder and inside it", self.path)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cards:
    """`cards.json`."""

    cards: tuple[Card, ...]

    def __post_init__(self) -> None:
        _expect_distinct("cards", [card.path for card in self.cards])


def _expect_distinct(name: str, keys: Sequence[object]) -> None:
    expect(name, bool(keys), "a list of one or more", keys)
    twice = next((key for key in keys if keys.count(key) > 1), None)
    expect(name, twice is None, "a list that says nothing twice", twice)


NAMES: Final[dict[type[Any], str]] = {
    Robustness: "robustness",
    LeaveOneMethodOut: "leave_one_method_out",
    Tuning: "tuning",
    CrossValidation: "cross_validation",
    Cards: "cards",
}


def read(folder: RunFolder, kind: type[T]) -> T | None:
    """The data of one panel of a run; None where there is none.

    Args:
      folder: Of the run.
      kind: One of `NAMES`.

    Raises:
      PanelDataError: The file is not JSON, or breaks the contract.
    """
    path = folder.panels / f"{NAMES[kind]}.json"
    if not path.is_file():
        return None
    try:
        return load.from_mapping(kind, json.loads(path.read_text(encoding="utf-8")))
    except (ConfigError, ValueError) as error:
        raise PanelDataError(
            "panel_data",
            f"{path} breaks its contract: {error}; correct it, or remove it to leave the panel out",
        ) from error
