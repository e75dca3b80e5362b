"""The page of a run: its verdict first, in plain words; then how it came to that.

It needs no artifact: journal and report are enough. What artifacts and records add is left out
where they are gone, and a panel whose data is broken says so without taking the page down.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pipeline.dashboards.charts import Chart
from pipeline.dashboards.errors import DashboardError
from pipeline.dashboards.pages import Content
from pipeline.dashboards.run import (
    commands,
    configuration,
    evaluated,
    node_graph,
    provenance,
    release,
    results,
    steps,
    verdict,
)
from pipeline.dashboards.run.results import Results
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Column, Row, Table, number, text
from pipeline.dashboards.training import calibration, curves, records
from pipeline.lineage.errors import LineageError

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Data:
    """What went in: a sentence, rejected videos by code, videos by split."""

    sentence: str
    rejected: Table | None
    splits: Table | None


def content(sources: RunSources) -> Content:
    """Gathers the page of a run, also of one that goes on."""
    problems: list[str] = []

    def attempt(make: Callable[[RunSources], T]) -> T | None:
        try:
            return make(sources)
        except (DashboardError, LineageError) as error:
            problems.append(str(error))
            return None

    nodes = list(sources.state.nodes.values())
    values: Mapping[str, Any] = {
        "verdict": verdict.of(sources),
        "log": sources.summary["log"],
        "graph": node_graph.of(sources),
        "steps": steps.table(nodes, sources.is_running) if nodes else None,
        "times": steps.times(nodes),
        "results": attempt(_results),
        "data": _data(sources.summary),
        "training": attempt(_training),
        "calibration": attempt(_calibration),
        "pushed": release.pushed(sources),
        "model": attempt(release.model),
        "cards": attempt(release.cards) or (),
        "configuration": attempt(_configuration),
        "commands": attempt(commands.of_run) or (),
    }
    return Content(template="run.html", values={**values, "problems": problems})


def _results(sources: RunSources) -> Results | None:
    evaluation = evaluated.of(sources.summary)
    if evaluation is None:
        return None
    return results.of(evaluation, configuration.bars(configuration.read(sources.folder)))


def _data(report: Mapping[str, Any]) -> _Data | None:
    videos, splits = report["videos"], report["splits"]
    if not videos:
        return None
    left_out = sum(videos["rejected"].values())
    sentence = f"{videos['in']:,} videos came in, {videos['accepted']:,} were used"
    sentence += f" and {left_out:,} left out." if left_out else "; none was left out."
    by_code = dict(sorted(videos["rejected"].items(), key=lambda one: (-one[1], one[0])))
    return _Data(
        sentence=sentence,
        rejected=provenance.named("Left out, by reason", ("Reason", "Videos"), by_code),
        splits=_splits(splits) if splits else None,
    )


def _splits(splits: Mapping[str, Mapping[str, int]]) -> Table:
    kinds = ("videos", "tracks", "clips")
    return Table(
        caption="Videos, face tracks and clips by split",
        columns=[
            Column(title="Split"),
            *(Column(title=kind.capitalize(), kind="number") for kind in kinds),
        ],
        rows=[
            Row(cells=[text(split), *(number(counts[kind]) for kind in kinds)])
            for split, counts in splits.items()
        ],
        is_sortable=False,
    )


def _training(sources: RunSources) -> Chart | None:
    """The selection AUC by epoch, small."""
    training = records.read(sources)
    if training is None or not training.epochs:
        return None
    return curves.selection_auc(training.epochs, training.selection, height=230)


def _calibration(sources: RunSources) -> calibration.Panel | None:
    return calibration.of(records.detector_of(sources))


def _configuration(sources: RunSources) -> Table | None:
    return configuration.differences(configuration.read(sources.folder))
