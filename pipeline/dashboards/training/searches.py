"""Search for hyperparameters and cross-validation, where something else made their figures."""

import contextlib
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.panel_data import CrossValidation, Fold, Trial, Tuning
from pipeline.dashboards.tables import Column, Row, Table
from pipeline.dashboards.training import parallel
from schemas.run_report import Estimate

_FEWEST_AXES: Final = 3  # numeric hyperparameters from which parallel coordinates tell something


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search:
    """A search for hyperparameters: its charts and the table of its trials, the best first."""

    charts: tuple[Chart, ...]
    trials: Table


def of_tuning(tuning: Tuning) -> Search:
    """The panel of a search."""
    sign = -1 if tuning.greater_is_better else 1
    ranked = sorted(
        tuning.trials,
        key=lambda trial: math.inf if trial.score is None else sign * trial.score,
    )
    scored = [trial for trial in ranked if trial.score is not None]
    found = [_scores(tuning, scored)] if scored else []
    numeric = _numeric(scored)
    if len(numeric) >= _FEWEST_AXES and len(scored) > 1:
        scores = [trial.score for trial in scored if trial.score is not None]
        names = [trial.trial_id for trial in scored]
        found.append(parallel.of(numeric | {tuning.objective: scores}, names, tuning.best_trial_id))
    return Search(charts=tuple(found), trials=_trials(tuning, ranked))


def _scores(tuning: Tuning, scored: Sequence[Trial]) -> Chart:
    is_best = [trial.trial_id == tuning.best_trial_id for trial in scored]
    return Chart(
        id="trials",
        title="Score of every trial",
        summary=f"{tuning.objective}; {'more' if tuning.greater_is_better else 'less'} is better."
        f" The star is trial {tuning.best_trial_id}, which was chosen.",
        figure=charts.figure(
            [
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [trial.trial_id for trial in scored],
                    "y": [trial.score for trial in scored],
                    "marker": {
                        "size": [15 if best else 9 for best in is_best],
                        "symbol": ["star" if best else "circle" for best in is_best],
                        "color": [charts.GOOD if best else charts.SERIES[0] for best in is_best],
                    },
                    "hovertemplate": "trial %{x}: %{y:.4g}<extra></extra>",
                }
            ],
            xaxis=charts.axis("trial, the best first", type="category"),
            yaxis=charts.axis(tuning.objective),
            showlegend=False,
        ),
        height=280,
    )


def _numeric(scored: Sequence[Trial]) -> dict[str, list[float]]:
    """Values of the settings that are finite numbers in every trial."""
    found = {}
    for name in _settings(scored):
        with contextlib.suppress(KeyError, ValueError):
            found[name] = [float(trial.hyperparameters[name]) for trial in scored]
    return {name: values for name, values in found.items() if all(map(math.isfinite, values))}


def _settings(trials: Sequence[Trial]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in trial.hyperparameters))


def _trials(tuning: Tuning, ranked: Sequence[Trial]) -> Table:
    names = _settings(ranked)
    rows = []
    for trial in ranked:
        is_best = trial.trial_id == tuning.best_trial_id
        score = (
            tables.text("failed", tone="bad")
            if trial.score is None
            else tables.number(trial.score, 4)
        )
        rows.append(
            Row(
                cells=[
                    tables.Cell(
                        text=trial.trial_id,
                        note="chosen" if is_best else "",
                        tone="good" if is_best else "",
                    ),
                    score,
                    *(tables.text(trial.hyperparameters.get(name, "")) for name in names),
                ]
            )
        )
    return Table(
        caption=f"Trials by {tuning.objective}, the best first",
        columns=[
            Column(title="Trial"),
            Column(title=tuning.objective, kind="number"),
            *(Column(title=name) for name in names),
        ],
        rows=rows,
        hides_caption=True,
    )


def of_cross_validation(found: CrossValidation) -> Chart:
    """One line per fold with its interval, and the mean of the folds; there must be a fold."""
    values = [fold.figure.value for fold in found.folds]
    mean = sum(values) / len(values)
    return Chart(
        id="folds",
        title=f"{found.metric} by fold",
        summary=f"Mean {mean:.3f} (dotted line), folds from {min(values):.3f} to {max(values):.3f}."
        " Folds share training videos: their spread understates how unsure the mean is.",
        figure=charts.figure(
            [_forest(found.folds[::-1])],  # Plotly draws the first at the bottom
            xaxis=charts.rate_axis(found.metric),
            yaxis=charts.axis("fold (videos)", type="category", automargin=True),
            shapes=[
                {"type": "line", "yref": "paper", "x0": mean, "x1": mean, "y0": 0, "y1": 1}
                | {"line": {"color": charts.FAINT, "dash": "dot", "width": 1.5}}
            ],
            showlegend=False,
        ),
        table=_folds(found),
        height=110 + 34 * len(found.folds),
    )


def _forest(folds: Sequence[Fold]) -> Mapping[str, Any]:
    """A point per fold with its bounds; an unknown bound has no line."""
    figures = [fold.figure for fold in folds]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [figure.value for figure in figures],
        "y": [f"{fold.name} ({fold.figure.num_videos})" for fold in folds],
        "marker": {"color": charts.ACCENT, "size": 10},
        "error_x": {
            "type": "data",
            "array": [0 if one.upper is None else one.upper - one.value for one in figures],
            "arrayminus": [0 if one.lower is None else one.value - one.lower for one in figures],
            "color": charts.ACCENT,
        },
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }


def _folds(found: CrossValidation) -> Table:
    return Table(
        caption=f"{found.metric} by fold",
        columns=[
            Column(title="Fold"),
            Column(title="Videos", kind="number"),
            Column(title=found.metric, kind="number"),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(fold.name),
                    tables.number(fold.figure.num_videos),
                    tables.estimate(
                        Estimate(
                            value=fold.figure.value,
                            lower=fold.figure.lower,
                            upper=fold.figure.upper,
                        )
                    ),
                ]
            )
            for fold in found.folds
        ],
        hides_caption=True,
    )
