"""Prints lists of changes and findings as a table, JSON or CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Final

import click

from pipeline.cli import errors
from pipeline.lineage.errors import LineageError
from pipeline.metadata.errors import MetadataError

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


class LineageCallError(errors.CallError):
    """A question that has no answer, or a store that cannot be read; with the code of that."""

    def __init__(self, error: LineageError | MetadataError) -> None:
        super().__init__(str(error))
        self.code = error.code


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
