"""The pages of a site: their names, where they lie, and which module makes each.

A builder gets the sources of a run and returns the content of its page. What the run does not have
yet is absent from the content; a run that has nothing for a page gets an `Absent` with the reason.
"""

import dataclasses
import importlib
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.dashboards.sources import RunSources
from schemas import names
from schemas.names import REPORT

_RUN_PAGE: Final = "index"  # first of a run
_BETWEEN: Final = "--"  # the two runs, in the name of a comparison's file


@dataclasses.dataclass(frozen=True, kw_only=True)
class Content:
    """What a template is filled with.

    Attributes:
      template: File below `web/templates`; it extends `base.html`.
      values: Values of the template's variables, by name.
    """

    template: str
    values: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Absent:
    """Why a run has no such page; `advice` says what to do."""

    reason: str
    advice: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Page:
    """One kind of page.

    Attributes:
      name: Name of the page's file, without `.html`.
      title: Name of the page in the navigation.
      module: Dotted name of the module whose `content(sources)` makes it; imported when needed.
    """

    name: str
    title: str
    module: str

    @property
    def content(self) -> Callable[[RunSources], Content | Absent]:
        """The builder; importing it may take TFMA's or TFDV's seconds."""
        builder: Callable[[RunSources], Content | Absent]
        builder = importlib.import_module(self.module).content
        return builder


def _page(name: str, title: str, module: str) -> Page:
    return Page(name=name, title=title, module=f"pipeline.dashboards.{module}")


RUN: Final = _page("index", "Run", "run.page")
EVALUATION: Final = _page("evaluation", "Evaluation", "evaluation.page")
DATA: Final = _page("data", "Data", "data.page")
TRAINING: Final = _page("training", "Training", "training.page")
ERRORS: Final = _page("errors", "Errors", "errors_page")
LINEAGE: Final = _page("lineage", "Lineage", "run.lineage_page")

PAGES: Final = (RUN, EVALUATION, DATA, TRAINING, ERRORS, LINEAGE)


def address_of_run(run_id: str, page: str = _RUN_PAGE) -> str:
    """A page of a run."""
    return f"runs/{urllib.parse.quote(run_id, safe='')}/{page}.html"


def address_of_comparison(before: str, after: str) -> str:
    """The page of two runs side by side."""
    names = (urllib.parse.quote(run_id, safe="") for run_id in (before, after))
    return f"compare/{_BETWEEN.join(names)}.html"


def pair_of(name: str, is_run: Callable[[str], bool]) -> tuple[str, str] | None:
    """The two runs of a comparison; None where there are no such runs.

    Args:
      name: Name of the comparison's file, without `.html`.
      is_run: Tells the ids of runs: they may hold what stands between them.
    """
    parts = name.split(_BETWEEN)
    for at in range(1, len(parts)):
        before, after = _BETWEEN.join(parts[:at]), _BETWEEN.join(parts[at:])
        if is_run(before) and is_run(after):
            return before, after
    return None


# The page that a container step may hand on as one file. As such none of them shows a person, or
# another page inside.
STANDALONE: Final[Mapping[str, Page]] = {
    names.EXAMPLE_VALIDATOR: DATA,
    names.DATA_GATE: DATA,
    names.TRAINER: TRAINING,
    names.EVALUATOR: EVALUATION,
    REPORT: RUN,
}
