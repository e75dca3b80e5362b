"""Prints lists of changes and findings as a table, JSON or CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Final

import click

TABLE: Final = "table"
JSON: Final = "json"
CSV: Final = "csv"

output_format = click.option(
    "--format",
    "form",
    type=click.Choice((TABLE, JSON, CSV)),
    default=TABLE,
    show_default=True,
    help="How to print.",
)


def as_json(document: Any) -> str:
    """JSON text of plain values."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """CSV text without the last line end; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().removesuffix("\n")


def columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Lines with the cells of all rows one below the other."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        indent + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
