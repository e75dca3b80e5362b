"""The rules of DataGate: what each asks, what it measured, and what breaks it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import sources, tables
from pipeline.dashboards.data import meanings
from pipeline.dashboards.tables import Cell, Column, Row, Table

_NODE: Final = sources.DATA_REPORT.partition(".")[0]
_SHOWN: Final = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Offence:
    """What breaks a rule: at most so many as can be read, and a remark on the others."""

    rule: str
    offenders: Sequence[str]
    more: str


def table(report: Mapping[str, Any]) -> Table:
    """One row for each rule, broken ones first."""
    ordered = sorted(report["rules"], key=lambda rule: rule["passed"])
    return Table(
        caption="Rules that stop a run before anything is trained",
        columns=[
            Column(title="Rule"),
            Column(title="Outcome"),
            Column(title="Value", kind="number"),
            Column(title="Limit", kind="number"),
            Column(title="What was found, or what to do if the rule is broken"),
        ],
        rows=[_row(rule) for rule in ordered],
        is_sortable=False,
        hides_caption=True,
    )


def offences(report: Mapping[str, Any]) -> list[Offence]:
    """What breaks the rules; empty where all passed."""
    found = []
    for rule in report["rules"]:
        more = len(rule["offenders"]) - _SHOWN
        if rule["offenders"]:
            remark = f"and {more:,} more; all are in DataGate's report" if more > 0 else ""
            found.append(
                Offence(rule=rule["rule"], offenders=rule["offenders"][:_SHOWN], more=remark)
            )
    return found


def refusal(summary: Mapping[str, Any]) -> str:
    """DataGate's words where it stopped the run: TFX keeps no report then. Empty elsewhere."""
    error = summary["error"]
    return str(error["message"]) if error and error["node"] == _NODE else ""


def _row(rule: Mapping[str, Any]) -> Row:
    return Row(
        cells=[
            Cell(text=meanings.RULES.get(rule["rule"], rule["rule"]), note=rule["rule"]),
            tables.text("passed", tone="good")
            if rule["passed"]
            else tables.text("broken", tone="bad"),
            _measured(rule["value"]),
            _measured(rule["limit"]),
            tables.text(rule["advice"]),
        ]
    )


def _measured(value: float) -> Cell:
    return tables.number(value, 0 if float(value).is_integer() else 3)
