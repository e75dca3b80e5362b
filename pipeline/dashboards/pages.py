"""The pages of a run: their names, and which module makes each.

A builder gets the sources of a run and returns the content of its page. What the run does not have
yet is absent from the content; a run that has nothing for a page gets an `Absent` with the reason.
"""

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.dashboards.sources import RunSources


@dataclasses.dataclass(frozen=True, kw_only=True)
class Content:
    """What a template is filled with.

    Attributes:
      template: File below `web/templates`; it extends `base.html`.
      values: Its variables.
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
      name: Of the file, without `.html`.
      title: In the navigation.
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
ERRORS: Final = _page("errors", "Errors", "mistakes.page")
LINEAGE: Final = _page("lineage", "Lineage", "run.lineage_page")

PAGES: Final = (RUN, EVALUATION, DATA, TRAINING, ERRORS, LINEAGE)
