"""The report of a run for a person: figures per slice, data, and what was pushed or why not."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipeline.runs import reporting

Summary = Mapping[str, Any]
_Metrics = Mapping[str, Mapping[str, Any]]

_WIDE: Final = 96  # columns from which every slice is shown with its intervals
_WIDEST: Final = {"value": 1.0, "lower": 1.0, "upper": 1.0}  # of all estimates, as text

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
    reporting.PUSHED: ("green", "PUSHED"),
    reporting.NOT_BLESSED: ("red", "NOTHING WAS PUSHED"),
    reporting.FAILED: ("red", "THE RUN FAILED, NOTHING WAS PUSHED"),
    reporting.INTERRUPTED: ("yellow", "INTERRUPTED, NOTHING WAS PUSHED"),
    reporting.PARTIAL: ("yellow", "FINISHED AS FAR AS ASKED, NOTHING WAS PUSHED"),
}


def render(summary: Summary) -> RenderableType:
    """Everything that a person wants to know at the end, the verdict last."""
    parts = [
        *_data(summary),
        *_figures(summary["metrics"]),
        _verdict(summary),
        *([Text(summary["notice"], style="yellow")] if summary["notice"] else []),
        Text(f"report {summary['run_dir']}/summary.json", style="bright_black", overflow="fold"),
    ]
    return Group(*parts)


def estimate(metrics: _Metrics, name: str) -> str:
    """`0.93 [0.88, 0.97]`, `1.00` without a known interval, or a dash where it is undefined."""
    if name not in metrics:
        return "-"
    value, lower, upper = (metrics[name][part] for part in ("value", "lower", "upper"))
    return f"{value:.2f}" if lower is None else f"{value:.2f} [{lower:.2f}, {upper:.2f}]"


def _data(summary: Summary) -> list[RenderableType]:
    videos, splits = summary["videos"], summary["splits"]
    if not videos:
        return []
    line = Text.assemble(
        ("videos  ", "bold"), f"{videos['in']} in, {videos['accepted']} accepted, "
    )
    rejected = sum(videos["rejected"].values())
    line.append(f"{rejected} rejected", style="yellow" if rejected else "")
    if rejected:
        by_code = ", ".join(f"{code} {count}" for code, count in videos["rejected"].items())
        line.append(f" ({by_code})")
    if not splits:
        return [line]
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bright_black")
    table.add_column("split")
    for name in ("videos", "tracks", "clips"):
        table.add_column(name, justify="right")
    for split, counts in splits.items():
        table.add_row(split, *(str(counts[name]) for name in ("videos", "tracks", "clips")))
    return [line, Padding(table, (0, 0, 1, 8))]


def _figures(metrics: Mapping[str, Any] | None) -> list[RenderableType]:
    if not metrics or not metrics["overall"]:
        return []
    return [_Figures(metrics["overall"], metrics["slices"])]


class _Figures:
    """Metrics overall and per slice; on a narrow screen only the overall ones with intervals."""

    def __init__(self, overall: Mapping[str, Any], slices: Sequence[Mapping[str, Any]]) -> None:
        self._overall = overall
        self._slices = slices

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _WIDE
        yield self._table(estimate if wide else _value)
        yield self._other_figures(_OVERALL if wide else _COLUMNS | _OVERALL)

    def _table(self, figure: Callable[[_Metrics, str], str]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), header_style="bold")
        table.add_column("over videos", no_wrap=True, overflow="ellipsis")
        table.add_column("fake + real", justify="right", no_wrap=True)
        for heading in _COLUMNS:
            widest = len(figure({heading: _WIDEST}, heading))
            table.add_column(heading, justify="right", no_wrap=True, min_width=widest)
        table.add_row(*_cells(self._overall["name"], self._overall, figure), style="bold")
        group = ""
        for entry in self._slices:
            key, _, value = entry["name"].partition(":")
            if key != group:
                table.add_row(Text(f"by {key}", style="bright_black"))
                group = key
            table.add_row(*_cells(f"  {value}", entry, figure))
        return table

    def _other_figures(self, shown: Mapping[str, str]) -> RenderableType:
        pairs = [(label, estimate(self._overall["metrics"], name)) for label, name in shown.items()]
        grid = Table.grid(padding=(0, 2, 0, 0))
        for start in range(0, len(pairs), 2):
            grid.add_row(*(cell for pair in pairs[start : start + 2] for cell in pair))
        return Padding(grid, (0, 0, 1, 2))


def _cells(
    name: str, entry: Mapping[str, Any], figure: Callable[[_Metrics, str], str]
) -> list[str]:
    return [
        escape(name),
        f"{entry['num_fake_videos']} + {entry['num_real_videos']}",
        *(figure(entry["metrics"], metric) for metric in _COLUMNS.values()),
    ]


def _value(metrics: _Metrics, name: str) -> str:
    return estimate(metrics, name).partition(" ")[0]


def _verdict(summary: Summary) -> Panel:
    style, title = _VERDICTS[summary["status"]]
    pushed = summary["pushed"]
    if pushed:
        title += f" version {pushed['version']}"
        body: RenderableType = Text.assemble(
            "→ ", (_near(pushed["path"]), "bold"), *_baseline(summary), overflow="fold"
        )
    elif summary["error"]:
        body = _error(summary)
    else:
        reasons = [Text(f"• {reason}") for reason in summary["not_pushed_because"]]
        body = Group(*_gates(summary["blessed"]), *reasons, *_next(summary))
    return Panel(body, title=f"[bold]{title}[/bold]", border_style=style, padding=(1, 2))


def _near(path: str) -> str:
    """The path as seen from the working folder, if it lies below."""
    below = pathlib.Path(path).is_relative_to(pathlib.Path.cwd())
    return str(pathlib.Path(path).relative_to(pathlib.Path.cwd())) if below else path


def _baseline(summary: Summary) -> list[str]:
    compared = summary["baseline_compared"]
    return [] if compared else ["\n(no earlier blessed model to compare with)"]


def _gates(blessed: Summary) -> list[Text]:
    words = {
        True: ("blessed", "green"),
        False: ("NOT BLESSED", "bold red"),
        None: ("not reached", "bright_black"),
    }
    return [
        Text.assemble(f"{name:<8}", words[blessed[key]])
        for name, key in (("model", "model"), ("serving", "infra"))
        if blessed["model"] is not None or blessed["infra"] is not None
    ]


def _error(summary: Summary) -> RenderableType:
    error = summary["error"]
    kind = error["code"] or error["type"]
    return Group(
        Text.assemble((error["node"] or "before the first node", "bold"), "  ", (kind, "red")),
        Text(error["message"]),
        Text(""),
        Text(error["advice"]),
        Text(f"log {summary['log']}", style="bright_black", overflow="fold"),
    )


def _next(summary: Summary) -> list[Text]:
    if summary["status"] != reporting.INTERRUPTED:
        return []
    return [Text("Give the same command again: finished nodes come from the cache.")]
