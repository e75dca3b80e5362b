"""Tables and tiles of a page as plain values, and the headline metrics that they show first."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Final, Literal

from pipeline.evaluation import statistics
from schemas.run_report import Estimate

Tone = Literal["", "good", "bad", "warn", "faint"]
Kind = Literal["text", "number"]

UNDEFINED: Final = "\N{EN DASH}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes:
      title: Heading of the column.
      kind: `number` aligns to the right and sorts by value.
      help: What the figures mean; shown with the heading. Empty for none.
    """

    title: str
    kind: Kind = "text"
    help: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell.

    Attributes:
      text: Text to read; it is escaped when rendered.
      sort: Value that the column is sorted by; `text` if None.
      note: Smaller text after `text`; empty for none.
      href: Where the text links to; empty for none. Relative to the page.
      tone: Colour of the text; the text must say the same without it.
      interval: A rate in [0, 1] with both bounds, drawn beside the text.
    """

    text: str
    sort: float | str | None = None
    note: str = ""
    href: str = ""
    tone: Tone = ""
    interval: Estimate | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One row. The first cell is its heading; `is_faint` greys what has too few videos."""

    cells: Sequence[Cell]
    is_faint: bool = False
    id: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """One table.

    Attributes:
      caption: Says what it shows; read out by screen readers, shown above.
      columns: Columns of the table, as many as each row has cells.
      rows: Rows in the order in which they are shown at first.
      is_sortable: Whether a click on a heading sorts.
      is_searchable: Whether a field above filters the rows.
      hides_caption: Whether only screen readers get the caption.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    is_sortable: bool = True
    is_searchable: bool = False
    hides_caption: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"{self.caption}: {len(row.cells)} cells under {len(self.columns)} headings"
                )

    @functools.cached_property
    def drawn(self) -> frozenset[int]:
        """Columns with a drawn interval; their other cells keep its room, so that figures align."""
        cells = (cell for row in self.rows for cell in enumerate(row.cells))
        return frozenset(index for index, cell in cells if cell.interval)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tile:
    """One big figure, as `parts.tile` takes it; `note` is smaller, below."""

    label: str
    value: str
    note: str = ""
    tone: Tone = ""


def text(value: object, *, tone: Tone = "", href: str = "") -> Cell:
    """A cell of text."""
    return Cell(text=str(value), tone=tone, href=href)


def number(value: float | None, digits: int = 0, *, unit: str = "", tone: Tone = "") -> Cell:
    """A cell of one number, with `digits` after the point; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return Cell(text=UNDEFINED, sort=-math.inf, tone="faint")
    shown = f"{value:,.{digits}f}" + (f" {unit}" if unit else "")
    return Cell(text=shown, sort=value, tone=tone)


def estimate(found: Estimate | None, *, digits: int = 3) -> Cell:
    """A cell of a rate in [0, 1] with its interval; a dash where the rate is undefined."""
    if found is None:
        return number(None)
    if found.lower is None or found.upper is None:
        return Cell(text=f"{found.value:.{digits}f}", sort=found.value)
    return Cell(
        text=f"{found.value:.{digits}f}",
        sort=found.value,
        note=f"[{found.lower:.{digits}f}, {found.upper:.{digits}f}]",
        interval=found,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Headline:
    """One metric over videos, in [0, 1].

    Attributes:
      name: Name of the metric in `pipeline.evaluation.statistics`.
      title: Name of the metric for people.
      help: What the metric means, in a sentence.
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
