"""How the splits look in all charts of the data page: colour and mark, never colour alone."""

from typing import Final

from pipeline.dashboards import charts
from schemas import taxonomy

# Not the colours of real and fake: those mean something else on the same page.
COLOURS: Final = dict(
    zip(
        taxonomy.SPLITS,
        (charts.FAINT, charts.SERIES[1], charts.SERIES[2], charts.SERIES[3]),
        strict=True,
    )
)
SYMBOLS: Final = dict(
    zip(taxonomy.SPLITS, ("circle", "square-open", "diamond-open", "x-thin-open"), strict=True)
)
