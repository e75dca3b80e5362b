"""How scores were calibrated, and where the lines between real and fake were drawn."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.dashboards import tables
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.dashboards.training.curves import CONFIDENCE_LEVEL
from pipeline.evaluation import score_intervals
from schemas.run_report import Estimate
from schemas.scoring import FALSE_POSITIVE_RATES


@dataclasses.dataclass(frozen=True, kw_only=True)
class Panel:
    """What the page says of the calibration.

    Attributes:
      table: Temperature and calibration error, before and after.
      thresholds: One row per target.
      remarks: What must be kept in mind, in sentences.
    """

    table: Table
    thresholds: Table
    remarks: tuple[str, ...]


def of(detector: Mapping[str, Any]) -> Panel | None:
    """The calibration of a model by its `detector.json`; None where it says nothing."""
    if "calibration" not in detector:
        return None
    found = detector["calibration"]
    return Panel(
        table=_errors(float(detector["temperature"]), found),
        thresholds=_thresholds(detector["thresholds"], found),
        remarks=tuple(_remarks(detector["thresholds"], found)),
    )


def percent(share: float, digits: int = 1) -> str:
    """A share in [0, 1] in per cent."""
    return f"{100 * share:.{digits}f} %"


def _errors(temperature: float, found: Mapping[str, Any]) -> Table:
    before, after = found["ece_before"], found["ece_after"]
    return Table(
        caption=f"Over the {found['num_fake']} fake and {found['num_pristine']} real videos of the"
        " split calibration",
        columns=[
            Column(title="Scores"),
            Column(title="Temperature", kind="number", help="What the logits are divided by."),
            Column(
                title="ECE",
                kind="number",
                help="Expected calibration error: how far scores are from the share of fakes among"
                " videos of that score. Less is better.",
            ),
        ],
        rows=[
            Row(cells=[tables.text("As trained"), tables.number(1, 3), tables.number(before, 3)]),
            Row(
                cells=[
                    tables.text("Calibrated, as served"),
                    tables.number(temperature, 3),
                    tables.number(after, 3),
                ]
            ),
        ],
        is_sortable=False,
    )


def _thresholds(thresholds: list[float], found: Mapping[str, Any]) -> Table:
    num_reals = found["num_pristine"]
    achieved = found["achieved_false_positive_rates"]
    return Table(
        caption="From these scores on a video counts as fake",
        columns=[
            Column(title="Target", help="Share of real videos that may be called fake at most."),
            Column(title="Threshold", kind="number"),
            Column(
                title="Achieved",
                kind="number",
                help="Real videos of the split calibration that score at least the threshold, with"
                f" the {percent(CONFIDENCE_LEVEL, 0)} interval (Wilson 1927).",
            ),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(f"{percent(target, 0)} false alarms"),
                    tables.number(threshold, 4),
                    _share(rate, num_reals),
                ]
            )
            for target, threshold, rate in zip(
                FALSE_POSITIVE_RATES, thresholds, achieved, strict=True
            )
        ],
        is_sortable=False,
    )


def _share(rate: float, size: int) -> Cell:
    lower, upper = score_intervals.proportion(rate, size, CONFIDENCE_LEVEL)
    return Cell(
        text=f"{round(rate * size)} of {size}",
        sort=rate,
        note=f"{percent(rate)} [{percent(lower)}, {percent(upper)}]",
        interval=Estimate(value=rate, lower=lower, upper=upper),
    )


def _remarks(thresholds: list[float], found: Mapping[str, Any]) -> Iterator[str]:
    num_reals, least = found["num_pristine"], min(FALSE_POSITIVE_RATES)
    if num_reals * least < 1:
        yield (
            f"One of {num_reals} real videos is {percent(1 / num_reals)}: so few cannot measure"
            f" a rate of {percent(least, 0)}. The threshold of a target below that share"
            " lies just above the highest score of a real video."
        )
    if len(set(thresholds)) == 1 and len(thresholds) > 1:
        yield "Therefore all targets have the same threshold."
    if found["ece_after"] > found["ece_before"]:
        yield (
            "The calibrated scores have the greater error here: the temperature is chosen for the"
            " likelihood of the labels, and over few videos the binned error says little."
        )
