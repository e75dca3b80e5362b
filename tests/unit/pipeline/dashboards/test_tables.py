"""Cells say what they show and what they sort by; a table has a cell under each heading."""

import math

import pytest

from pipeline.dashboards import tables
from pipeline.dashboards.tables import Cell, Column, Row, Table
from schemas.run_report import Estimate


def test_a_number_is_read_with_thousands_and_sorted_by_its_value():
    assert tables.number(12345.678, 1, unit="s") == Cell(text="12,345.7 s", sort=12345.678)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_is_a_dash_below_all_numbers(value):
    cell = tables.number(value, 2)
    assert (cell.text, cell.sort, cell.tone) == (tables.UNDEFINED, -math.inf, "faint")


def test_an_estimate_is_drawn_and_read_with_its_interval():
    cell = tables.estimate(Estimate(value=0.5, lower=0.25, upper=0.75), digits=2)
    assert (cell.text, cell.note, cell.sort) == ("0.50", "[0.25, 0.75]", 0.5)
    assert cell.interval == Estimate(value=0.5, lower=0.25, upper=0.75)


def test_an_estimate_without_bounds_has_no_interval():
    assert tables.estimate(Estimate(value=0.5, lower=None, upper=0.75)) == Cell(
        text="0.500", sort=0.5
    )


def test_an_estimate_of_nothing_is_a_dash():
    assert tables.estimate(None) == tables.number(None)


def test_columns_with_a_drawn_interval_are_known_by_their_index():
    cells = [
        tables.text("overall"),
        tables.estimate(Estimate(value=0.5, lower=0.2, upper=0.8)),
        tables.number(1),
    ]
    dashes = [tables.text("other"), tables.number(None), tables.number(2)]
    table = Table(
        caption="Slices",
        columns=[Column(title=title) for title in ("slice", "AUC", "videos")],
        rows=[Row(cells=dashes), Row(cells=cells)],
    )
    assert table.drawn == {1}


def test_a_row_with_too_few_cells_is_refused_with_the_counts():
    with pytest.raises(ValueError, match="Slices: 1 cells under 2 headings"):
        Table(
            caption="Slices",
            columns=[Column(title="slice"), Column(title="AUC")],
            rows=[Row(cells=[tables.text("overall")])],
        )
