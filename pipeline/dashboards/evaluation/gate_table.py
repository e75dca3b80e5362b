"""Tables of gates: each value, the threshold that it must reach, and TFMA's judgement."""

from collections.abc import Sequence
from typing import Final

from pipeline.dashboards import tables
from pipeline.dashboards.tables import HEADLINES, Cell, Column, Row, Table
from pipeline.evaluation import statistics
from schemas.run_report import EvaluationSummary, Gate

_SEARCHED: Final = 10  # rows from which a search field helps
_TITLES: Final = {metric.name: metric.title for metric in HEADLINES} | {
    statistics.NUM_VIDEOS: "Videos",
    statistics.NUM_FAKE_VIDEOS: "Fake videos",
    statistics.NUM_REAL_VIDEOS: "Real videos",
}
_COLUMNS: Final = (
    Column(title="Gate"),
    Column(title="Slice"),
    Column(title="Value", kind="number"),
    Column(title="Threshold", kind="number", help="The value must reach it."),
    Column(title="Baseline", kind="number", help="The last blessed model, where it is compared."),
    Column(title="Judgement"),
    Column(title="In a sentence"),
)


def of(summary: EvaluationSummary) -> Table:
    """All gates that applied, broken ones first."""
    num_broken = sum(not gate.passed for gate in summary.gates)
    return _table(f"{len(summary.gates)} gates, {num_broken or 'none'} broken", summary.gates)


def broken(summary: EvaluationSummary) -> Table | None:
    """The gates that do not hold; None if all do."""
    gates = [gate for gate in summary.gates if not gate.passed]
    return _table("Gates that do not hold", gates) if gates else None


def held(summary: EvaluationSummary) -> Table | None:
    """The gates that hold; None if none does."""
    gates = [gate for gate in summary.gates if gate.passed]
    return _table("Gates that hold", gates) if gates else None


def _table(caption: str, gates: Sequence[Gate]) -> Table:
    return Table(
        caption=caption,
        columns=_COLUMNS,
        rows=[_row(gate) for gate in gates],
        is_searchable=len(gates) > _SEARCHED,
    )


def _row(gate: Gate) -> Row:
    digits = 0 if gate.metric in statistics.COUNTS else 3
    judged = Cell(text="passed", tone="good") if gate.passed else Cell(text="broken", tone="bad")
    return Row(
        cells=[
            tables.text(_TITLES.get(gate.metric, gate.metric)),
            tables.text(gate.slice_name),
            tables.number(gate.value, digits),
            _threshold(gate, digits),
            tables.number(gate.baseline, digits),
            judged,
            tables.text(gate.reason),
        ]
    )


def _threshold(gate: Gate, digits: int) -> Cell:
    """The value to reach; of a change gate, the baseline's value less the allowed drop."""
    if gate.baseline is None:
        return tables.number(gate.bound, digits)
    least = gate.baseline + gate.bound
    return Cell(text=f"{least:.3f}", sort=least, note=f"baseline \N{MINUS SIGN} {-gate.bound:g}")
