"""The report of a run for a person: figures per slice, data, and what was pushed or why not."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas import run_report
from schemas.run_report import (
    Blessings,
    Estimate,
    EvaluationSummary,
    RunError,
    RunReport,
    SliceSummary,
    Status,
)

_Figure = Callable[[Estimate | None], str]

_WIDE: Final = 96  # columns from which every slice is shown with its intervals
_WIDEST: Final = Estimate(value=1.0, lower=1.0, upper=1.0)  # of all estimates, as text

_COLUMNS: Final = {"AUC": "video_auc", "recall": "video_recall", "specificity": "video_specificity"}
_OVERALL: Final = {
    "balanced accuracy": "video_balanced_accuracy",
    "accuracy": "video_accuracy",
    "precision": "video_precision",
    "F1": "video_f1",
    "PR-AUC": "video_pr_auc",
    "TPR at 5 % FPR": "tpr_at_fpr_5",
    "EER": "eer",
    "ECE": "ece",
}
_VERDICTS: Final = {
    Status.PUSHED: ("green", "PUSHED"),
    Status.NOT_BLESSED: ("red", "NOTHING WAS PUSHED"),
    Status.FAILED: ("red", "THE RUN FAILED, NOTHING WAS PUSHED"),
    Status.INTERRUPTED: ("yellow", "INTERRUPTED, NOTHING WAS PUSHED"),
    Status.PARTIAL: ("yellow", "FINISHED AS FAR AS ASKED, NOTHING WAS PUSHED"),
}


def render(report: RunReport) -> RenderableType:
    """Everything that a person wants to know at the end, the verdict last."""
    file = f"{report.run_dir}/{run_report.FILE_NAME}"
    parts = [
        *_data(report),
        *_figures(report.evaluation),
        _verdict(report),
        *([Text(report.notice, style="yellow")] if report.notice else []),
        Text(f"report {file}", style="bright_black", overflow="fold"),
    ]
    return Group(*parts)


def estimate(found: Estimate | None) -> str:
    """`0.93 [0.88, 0.97]`, `1.00` without a known interval, or a dash where it is undefined."""
    if found is None:
        return "-"
    if found.lower is None or found.upper is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.lower:.2f}, {found.upper:.2f}]"


def _data(report: RunReport) -> list[RenderableType]:
    videos = report.videos
    if videos is None:
        return []
    line = Text.assemble(
        ("videos  ", "bold"), f"{videos.num_in} in, {videos.num_accepted} accepted, "
    )
    rejected = videos.num_rejected
    line.append(f"{rejected} rejected", style="yellow" if rejected else "")
    if rejected:
        by_code = ", ".join(f"{code} {count}" for code, count in videos.rejected.items())
        line.append(f" ({by_code})")
    if not report.splits:
        return [line]
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bright_black")
    table.add_column("split")
    for name in ("videos", "tracks", "clips"):
        table.add_column(name, justify="right")
    for name, split in report.splits.items():
        table.add_row(name, *map(str, (split.videos, split.tracks, split.clips)))
    return [line, Padding(table, (0, 0, 1, 8))]


def _figures(evaluation: EvaluationSummary | None) -> list[RenderableType]:
    if evaluation is None or evaluation.overall is None:
        return []
    slices = [entry for entry in evaluation.slices if entry.name != run_report.OVERALL]
    return [_Figures(evaluation.overall, slices)]


class _Figures:
    """Metrics overall and per slice; on a narrow screen only the overall ones with intervals."""

    def __init__(self, overall: SliceSummary, slices: Sequence[SliceSummary]) -> None:
        self._overall = overall
        self._slices = slices

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _WIDE
        yield self._table(estimate if wide else _value)
        yield self._other_figures(_OVERALL if wide else _COLUMNS | _OVERALL)

    def _table(self, figure: _Figure) -> Table:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), header_style="bold")
        table.add_column("over videos", no_wrap=True, overflow="ellipsis")
        table.add_column("fake + real", justify="right", no_wrap=True)
        for heading in _COLUMNS:
            widest = len(figure(_WIDEST))
            table.add_column(heading, justify="right", no_wrap=True, min_width=widest)
        table.add_row(*_cells(self._overall.name, self._overall, figure), style="bold")
        group = ""
        for entry in self._slices:
            key, _, value = entry.name.partition(":")
            if key != group:
                table.add_row(Text(f"by {key}", style="bright_black"))
                group = key
            table.add_row(*_cells(f"  {value}", entry, figure))
        return table

    def _other_figures(self, shown: Mapping[str, str]) -> RenderableType:
        metrics = self._overall.metrics
        pairs = [(label, estimate(metrics.get(name))) for label, name in shown.items()]
        grid = Table.grid(padding=(0, 2, 0, 0))
        for start in range(0, len(pairs), 2):
            grid.add_row(*(cell for pair in pairs[start : start + 2] for cell in pair))
        return Padding(grid, (0, 0, 1, 2))


def _cells(name: str, entry: SliceSummary, figure: _Figure) -> list[str]:
    return [
        escape(name),
        f"{entry.num_fake_videos} + {entry.num_real_videos}",
        *(figure(entry.metrics.get(metric)) for metric in _COLUMNS.values()),
    ]


def _value(found: Estimate | None) -> str:
    return estimate(found).partition(" ")[0]


def _verdict(report: RunReport) -> Panel:
    style, title = _VERDICTS[report.status]
    if report.pushed:
        title += f" version {report.pushed.version}"
        body: RenderableType = Text.assemble(
            "→ ", (_near(report.pushed.path), "bold"), *_baseline(report), overflow="fold"
        )
    elif report.error:
        body = _error(report.error, report.log)
    else:
        reasons = [Text(f"• {reason}") for reason in report.not_pushed_because]
        body = Group(*_gates(report.blessed), *reasons, *_next(report))
    return Panel(body, title=f"[bold]{title}[/bold]", border_style=style, padding=(1, 2))


def _near(path: str) -> str:
    """The path as seen from the working folder, if it lies below."""
    below = pathlib.Path(path).is_relative_to(pathlib.Path.cwd())
    return str(pathlib.Path(path).relative_to(pathlib.Path.cwd())) if below else path


def _baseline(report: RunReport) -> list[str]:
    compared = report.evaluation is not None and report.evaluation.has_baseline
    return [] if compared else ["\n(no earlier blessed model to compare with)"]


def _gates(blessed: Blessings) -> list[Text]:
    words = {
        True: ("blessed", "green"),
        False: ("NOT BLESSED", "bold red"),
        None: ("not reached", "bright_black"),
    }
    return [
        Text.assemble(f"{name:<8}", words[is_blessed])
        for name, is_blessed in (("model", blessed.model), ("serving", blessed.infra))
        if blessed.model is not None or blessed.infra is not None
    ]


def _error(error: RunError, log: str) -> RenderableType:
    kind = error.code or error.type
    return Group(
        Text.assemble((error.node or "before the first node", "bold"), "  ", (kind, "red")),
        Text(error.message),
        Text(""),
        Text(error.advice),
        Text(f"log {log}", style="bright_black", overflow="fold"),
    )


def _next(report: RunReport) -> list[Text]:
    if report.status is not Status.INTERRUPTED:
        return []
    return [Text("Give the same command again: finished nodes come from the cache.")]
