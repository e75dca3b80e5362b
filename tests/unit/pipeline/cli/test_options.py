"""What commands print with: tables for people, CSV and JSON for programs."""

import csv
import io
import json
import pathlib

from pipeline.cli import options


def test_a_table_shortens_no_cell_and_leaves_no_blanks_at_the_end():
    long = "x" * 500
    lines = options.table([("a", 1, None), (long, 22, "[b]c[/b]")], ("name", "n", "rest"))
    assert lines == [
        "name" + " " * 498 + "n   rest",
        "a" + " " * 501 + "1   -",
        long + "  22  [b]c[/b]",
    ]


def test_a_table_is_indented_and_aligned_as_asked():
    lines = options.table([("a", "9.0s"), ("bb", "10.0s")], indent=2, right={1})
    assert lines == ["  a    9.0s", "  bb  10.0s"]


def test_a_table_of_nothing_has_no_lines():
    assert options.table([]) == []


def test_columns_fit_letters_that_are_two_cells_wide():
    assert options.table([("影像", "x"), ("abcd", "y")]) == ["影像  x", "abcd  y"]


def test_states_are_coloured_and_the_columns_stay_where_they_are(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = options.table([("failed", "1"), ("ok", "2")])
    coloured = options.table([("failed", "1"), ("ok", "2")], styles={"failed": "red"})
    assert coloured == [plain[0].replace("failed", "\x1b[31mfailed\x1b[0m"), plain[1]]


def test_csv_and_json_hold_what_a_table_would():
    [header, row] = csv.reader(io.StringIO(options.as_csv(("a", "b"), [("1,5", None)])))
    assert (header, row) == (["a", "b"], ["1,5", ""])
    assert json.loads(options.as_json({"path": pathlib.Path("x"), "name": "ä"})) == {
        "path": "x",
        "name": "ä",
    }
