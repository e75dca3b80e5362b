"""The page of a run: the conclusion in plain words, then what it rests on.

It needs no artifact: journal and report are enough. What artifacts and records add is left out
where they are gone, and a panel whose data is broken says so without taking the page down.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from pipeline.config.sections import EvaluationConfig
from pipeline.dashboards import tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.evaluation import gate_table
from pipeline.dashboards.pages import Content
from pipeline.dashboards.run import (
    conclusion,
    configuration,
    lineage_page,
    provenance,
    steps,
)
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Cell, Column, Headline, Row, Table, number, text
from pipeline.dashboards.training import calibration, curves, records
from schemas.errors import DashboardError, LineageError
from schemas.run_report import OVERALL, EvaluationSummary, RunReport, SliceSummary, SplitCounts

SHOWN_SLICES: Final = 12

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Results:
    """Tables of the run page.

    Attributes:
      metrics: Statistics over all test videos; None if there were none.
      broken: Gates that held the model back; None if none did.
      held: Gates that the model passed; None if there are none.
      slices: Slices with broken gates first, then the weakest; None without slices.
      num_slices: Number of slices, shown or not.
    """

    metrics: Table | None
    broken: Table | None
    held: Table | None
    slices: Table | None
    num_slices: int


def results_of(evaluation: EvaluationSummary, settings: EvaluationConfig) -> Results:
    """The tables of an evaluation.

    Args:
      evaluation: Evaluation that the run made.
      settings: How the run was configured to evaluate.
    """
    slices = [entry for entry in evaluation.slices if entry.name != OVERALL]
    return Results(
        metrics=_metrics(evaluation.overall, settings.confidence_level)
        if evaluation.overall
        else None,
        broken=gate_table.broken(evaluation),
        held=gate_table.held(evaluation),
        slices=_slices(evaluation, slices, settings.min_slice_videos) if slices else None,
        num_slices=len(slices),
    )


def result_cell(entry: SliceSummary, metric: Headline) -> Cell:
    """A metric of a slice with its interval; a dash where it is undefined."""
    return tables.estimate(entry.metrics.get(metric.name))


def _metrics(overall: SliceSummary, confidence_level: float) -> Table:
    return Table(
        caption=f"Over {overall.num_videos} test videos, {overall.num_fake_videos} of them fake,"
        f" with {100 * confidence_level:g} % intervals",
        columns=[
            Column(title="Metric"),
            Column(title="Value", kind="number"),
            Column(title="Meaning"),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(metric.title),
                    result_cell(overall, metric),
                    tables.text(metric.help),
                ]
            )
            for metric in tables.HEADLINES
        ],
        is_sortable=False,
    )


def _slices(
    evaluation: EvaluationSummary, slices: Sequence[SliceSummary], least_videos: int
) -> Table:
    broken = {gate.slice_name for gate in evaluation.gates if not gate.passed}
    ranked = sorted(slices, key=lambda entry: (entry.name not in broken, _weakness(entry)))
    shown = ranked[:SHOWN_SLICES]
    count = f"all {len(slices)}" if len(shown) == len(slices) else f"{len(shown)} of {len(slices)}"
    return Table(
        caption=f"Slices with broken gates first, then the weakest: {count}",
        columns=[
            Column(title="Slice"),
            Column(title="Fake", kind="number", help="Fake test videos."),
            Column(title="Real", kind="number", help="Real test videos."),
            Column(title="Judged by", help="AUC, or the share that is right where all are alike."),
            Column(title="Value", kind="number"),
        ],
        rows=[_slice(entry, entry.name in broken, least_videos) for entry in shown],
    )


def _slice(entry: SliceSummary, is_broken: bool, least_videos: int) -> Row:
    metric = _decisive(entry)
    sizes = (entry.num_fake_videos, entry.num_real_videos)
    present = [size for size in sizes if size]
    return Row(
        cells=[
            Cell(text=entry.name, tone="bad" if is_broken else ""),
            *(tables.number(size) for size in sizes),
            tables.text(metric.title if metric else tables.UNDEFINED),
            result_cell(entry, metric) if metric else tables.number(None),
        ],
        is_faint=not present or min(present) < least_videos,
    )


def _decisive(entry: SliceSummary) -> Headline | None:
    """The metric that a slice is judged by: AUC where both classes are there, else the rate."""
    ranked = (tables.AUC, tables.RECALL, tables.SPECIFICITY)
    return next((metric for metric in ranked if metric.name in entry.metrics), None)


def _weakness(entry: SliceSummary) -> float:
    metric = _decisive(entry)
    return entry.metrics[metric.name].value if metric else 1.0


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
        "conclusion": conclusion.of_run(sources),
        "log": sources.report.log,
        "graph": steps.node_graph(sources),
        "steps": steps.step_table(nodes, sources.is_running) if nodes else None,
        "times": steps.step_times(nodes),
        "results": attempt(_results),
        "data": _data(sources.report),
        "training": attempt(_training),
        "calibration": attempt(_calibration),
        "pushed": lineage_page.pushed(sources),
        "model": attempt(lineage_page.model),
        "configuration": attempt(_configuration),
        "commands": attempt(configuration.commands_of_run) or (),
    }
    return Content(template="run.html", values={**values, "problems": problems})


def _results(sources: RunSources) -> Results | None:
    evaluation = sources.report.evaluation
    if evaluation is None:
        return None
    return results_of(
        evaluation, configuration.evaluation_settings(configuration.read(sources.folder))
    )


def _data(report: RunReport) -> _Data | None:
    videos = report.videos
    if videos is None:
        return None
    left_out = videos.num_rejected
    sentence = f"{videos.num_in:,} videos came in, {videos.num_accepted:,} were used"
    sentence += f" and {left_out:,} left out." if left_out else "; none was left out."
    by_code = dict(sorted(videos.rejected.items(), key=lambda one: (-one[1], one[0])))
    return _Data(
        sentence=sentence,
        rejected=provenance.named("Left out, by reason", ("Reason", "Videos"), by_code),
        splits=_splits(report.splits) if report.splits else None,
    )


def _splits(splits: Mapping[str, SplitCounts]) -> Table:
    return Table(
        caption="Videos, face tracks and clips by split",
        columns=[
            Column(title="Split"),
            *(Column(title=title, kind="number") for title in ("Videos", "Tracks", "Clips")),
        ],
        rows=[
            Row(cells=[text(name), *map(number, (split.videos, split.tracks, split.clips))])
            for name, split in splits.items()
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
