"""What Kubeflow's own pages show of a run: what each step declares, and how it is filled.

All figures are over videos. Undefined ones are left out: Kubeflow takes finite numbers only.

A page is one file, at a path that the step gets as an argument. Figures are metadata: they are
written, as the JSON of an `ExecutorOutput`, into the file that Kubeflow's launcher names. One NaN
in it would make the launcher fail the step.
"""

import math
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from google.protobuf import json_format
from kfp import dsl
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.dashboards import pages, sources
from pipeline.dashboards.pages import Page
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import HEADLINES
from pipeline.evaluation import curves, results
from pipeline.evaluation.curves import Curves
from pipeline.evaluation.statistics import COUNTS
from pipeline.model import history
from schemas import names
from schemas.errors import RunnerError
from schemas.run_report import OVERALL, EvaluationSummary
from schemas.scoring import DECISION_THRESHOLD

Figures = Mapping[str, dsl.Artifact]

# Kubeflow's pages head the figures with these names.
TRAINING: Final = "training_metrics"
TEST: Final = "test_metrics"
TEST_VIDEOS: Final = "test_videos"

OUTPUTS: Final[Mapping[str, Mapping[str, type[dsl.Artifact]]]] = {
    names.TRAINER: {TRAINING: dsl.Metrics},
    names.EVALUATOR: {TEST: dsl.Metrics, TEST_VIDEOS: dsl.ClassificationMetrics},
}
CLASSES: Final = ("real", "fake")
MAX_POINTS: Final = 200  # of a curve: the figures travel as metadata, through two databases


def of_node(node: str, run: RunSources) -> Figures:
    """The figures of a node of `OUTPUTS`, by output; figures that cannot be made are absent."""
    return _MAKERS[node](run)


def of_training(run: RunSources) -> Figures:
    """Scalars of the epoch whose weights were kept; `val_auc` is over the videos of `val`."""
    folder = run.files(sources.MODEL_RUN)
    if folder is None:
        return {}
    epochs = history.read(folder)
    chosen = history.best(epochs)
    return {
        TRAINING: _metrics(
            run,
            {
                "val_auc": chosen.val_auc,
                "val_loss": chosen.val_loss,
                "loss": chosen.loss,
                "best_epoch": chosen.epoch,
                "num_epochs": len(epochs),
                "seconds": math.fsum(epoch.seconds for epoch in epochs),
            },
        )
    }


def of_evaluation(run: RunSources) -> Figures:
    """Scalars with their intervals, the ROC curve and the confusion matrix of all test videos."""
    folder = run.files(sources.EVALUATION)
    if folder is None:
        return {}
    figures: dict[str, dsl.Artifact] = {
        TEST: _metrics(run, dict(_scalars(results.load(str(folder)))))
    }
    overall = (curves.load(str(folder)) or {}).get(OVERALL)
    if overall is not None:
        figures[TEST_VIDEOS] = classification(overall)
        _note(run, figures[TEST_VIDEOS])
    return figures


def classification(found: Curves) -> dsl.ClassificationMetrics:
    """The ROC curve from the strictest threshold on, and the confusion matrix at 0.5.

    Rows are what the videos are, columns what they are called. A slice of one class has no curve.
    """
    made = dsl.ClassificationMetrics()
    if found.has_both_classes:
        points = _corners(found)
        made.log_roc_curve(
            fpr=(found.false_positives[points] / found.num_real).tolist(),
            tpr=(found.true_positives[points] / found.num_fake).tolist(),
            threshold=found.thresholds[points].tolist(),
        )
    at = int(np.searchsorted(found.thresholds, DECISION_THRESHOLD, side="right")) - 1
    hits, alarms = int(found.true_positives[at]), int(found.false_positives[at])
    made.log_confusion_matrix(
        list(CLASSES),
        [[found.num_real - alarms, alarms], [found.num_fake - hits, hits]],
    )
    return made


def _corners(found: Curves) -> npt.NDArray[np.int64]:
    """Indices of points of the curve, [P] int64, P at most `MAX_POINTS`; the ends are among them.

    A threshold that changes no count adds nothing to the curve.
    """
    counts = np.stack([found.true_positives, found.false_positives])
    changes = np.flatnonzero(np.any(np.diff(counts) != 0, axis=0)) + 1
    kept = np.concatenate([[0], changes])[::-1]
    if len(kept) <= MAX_POINTS:
        return kept
    return kept[np.linspace(0, len(kept) - 1, MAX_POINTS).round().astype(np.int64)]


def _scalars(evaluation: EvaluationSummary) -> Iterator[tuple[str, float]]:
    overall = evaluation.overall
    if overall is None:
        return
    yield "blessed", float(evaluation.blessed)
    for name in COUNTS:
        yield name, getattr(overall, name)
    for headline in HEADLINES:
        if headline.name not in overall.metrics:
            continue
        name, estimate = headline.name, overall.metrics[headline.name]
        yield name, estimate.value
        if estimate.lower is not None and estimate.upper is not None:
            yield f"{name}_lower", estimate.lower
            yield f"{name}_upper", estimate.upper


def _metrics(run: RunSources, values: Mapping[str, float]) -> dsl.Metrics:
    made = dsl.Metrics()
    for name, value in values.items():
        if math.isfinite(value):
            made.log_metric(name, value)
    _note(run, made)
    return made


def _note(run: RunSources, made: dsl.Artifact) -> None:
    """Attaches the notice of the run to its figures, so that it is shown with them."""
    if run.report.notice:
        made.metadata["notice"] = run.report.notice


_MAKERS: Final[Mapping[str, Callable[[RunSources], Figures]]] = {
    names.TRAINER: of_training,
    names.EVALUATOR: of_evaluation,
}


def page_output(step: str) -> str:
    """Name of the artifact that holds the step's page; empty if it has none."""
    page: Page | None = pages.STANDALONE.get(step)
    return f"{page.title.lower()}_page" if page else ""


def outputs_of_step(step: str) -> Mapping[str, type[dsl.Artifact]]:
    """Artifacts that a step makes for Kubeflow, by the name that Kubeflow's pages show."""
    page = page_output(step)
    return {**({page: dsl.HTML} if page else {}), **OUTPUTS.get(step, {})}


def write_figures(executor_input: str, node: str, run: RunSources) -> None:
    """Writes the figures of a node to where the launcher looks for them.

    Args:
      executor_input: The JSON of Kubeflow's `ExecutorInput`.
      node: Id of the node, a key of `OUTPUTS`.
      run: Sources of the run.

    Raises:
      RunnerError: `undeclared_figure`: The launcher does not wait for one of them.
    """
    given = json_format.Parse(executor_input, pipeline_spec_pb2.ExecutorInput()).outputs
    said = pipeline_spec_pb2.ExecutorOutput()
    for name, figure in of_node(node, run).items():
        if name not in given.artifacts:
            raise RunnerError("undeclared_figure", f"the compiled step {node} has no output {name}")
        [declared] = given.artifacts[name].artifacts
        told = said.artifacts[name].artifacts.add(name=declared.name, uri=declared.uri)
        told.metadata.update(figure.metadata)
    text = json_format.MessageToJson(said)  # refuses what is no JSON
    path = pathlib.Path(given.output_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
