"""A run on the screen: a live table on a terminal, plain lines anywhere else."""

import contextlib
import io
import pathlib
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pipeline.dashboards import page_problems
from pipeline.runners.supervisor import View
from pipeline.runs import events, summary_table, words
from pipeline.runs.events import Outcome
from pipeline.runs.folders import DashboardFolder, RunFolder
from pipeline.runs.state import NodeRecord, RunState
from schemas.run_report import EvaluationSummary, NodeState, RunReport

Progress = Mapping[str, Any]

PROGRESS_INTERVAL_SECONDS = 10.0
FILE_WIDTH = 100  # where there is no terminal that could tell
_BAR_WIDTH = 20
_LOADING = "loading TensorFlow and TFX"
_WRITING = "writing the dashboard"
_RUN_PAGE = "index.html"  # `pipeline.dashboards.pages` would import much for this name
_SYMBOLS: Mapping[NodeState, tuple[str, str]] = {
    NodeState.WAITING: ("·", "bright_black"),
    NodeState.RUNNING: ("●", "bold cyan"),
    NodeState.RAN: ("✓", "green"),
    NodeState.CACHED: ("≡", "blue"),
    NodeState.SKIPPED: ("-", "bright_black"),
    NodeState.FAILED: ("✗", "bold red"),
    NodeState.INTERRUPTED: ("■", "yellow"),
}


def fraction_done(progress: Progress) -> float | None:
    """Share of the running node's work that is done, in [0, 1]; None if it does not tell."""
    for done, total in (("videos_done", "videos_total"), ("epoch", "epochs")):
        if progress.get(total):
            return min(1.0, float(progress.get(done, 0)) / float(progress[total]))
    return None


def seconds_left(node: NodeRecord, now: float) -> float | None:
    """Estimate for the running node from its pace so far; None before the first figure.

    Args:
      node: The running node.
      now: Current time, as Unix time.
    """
    done = fraction_done(node.progress)
    if not done:
        return None
    worked = node.progressed - node.started
    return max(0.0, worked * (1 - done) / done - (now - node.progressed))


def of_progress(node: NodeRecord, now: float) -> str:
    """The running node's own progress in one line; empty if it reports none."""
    progress = node.progress
    parts: list[str] = []
    if "videos_total" in progress:
        parts += _videos(node)
    if "epochs" in progress:
        parts.append(f"epoch {progress.get('epoch', 0)}/{progress['epochs']}")
        parts += _training(progress)
    left = seconds_left(node, now)
    if left is not None:
        parts.append(f"{words.clock(round(left))} left".replace(".0s", "s"))
    return "  ".join(parts)


def of_facts(node: NodeRecord) -> str:
    """What came out of a node that has ended, in one line; empty if there is nothing to say."""
    facts = node.facts
    parts = [
        *(_letters(facts["letters"]) if "letters" in facts else ()),
        *(_tracks(facts["tracks"]) if "tracks" in facts else ()),
        *(_evaluation(facts["evaluation"]) if "evaluation" in facts else ()),
        *(_blessing(facts[key]) for key in ("model_blessing", "infra_blessing") if key in facts),
        *([_push(facts["push"])] if "push" in facts else ()),
    ]
    if not parts and "epochs" in node.progress:
        return "  ".join([f"{node.progress.get('epoch', 0)} epochs", *_training(node.progress)])
    return "  ".join(parts)


def codes(by_code: Mapping[str, int]) -> str:
    """`no_face 2, truncated 1`: the most frequent first."""
    ranked = sorted(by_code.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{code} {count}" for code, count in ranked)


def _videos(node: NodeRecord) -> list[str]:
    progress, worked = node.progress, node.progressed - node.started
    done = progress.get("videos_done", 0)
    parts = [f"{done}/{progress['videos_total']} videos"]
    if done and worked > 0:
        parts.append(f"{float(done) / worked:.1f}/s")
    if progress.get("videos_rejected"):
        parts.append(f"{progress['videos_rejected']} rejected")
    return parts


def _training(progress: Progress) -> list[str]:
    names = (("loss", "loss"), ("val_auc", "selection AUC"))
    return [f"{label} {progress[name]:.3f}" for name, label in names if name in progress]


def _letters(letters: Mapping[str, Any]) -> list[str]:
    rejected = sum(letters["by_code"].values())
    listed = f" ({codes(letters['by_code'])})" if rejected else ""
    return [f"{letters['num_inputs']} videos, {rejected} rejected{listed}"]


def _tracks(tracks: Mapping[str, Mapping[str, int]]) -> list[str]:
    return [f"{sum(split['tracks'] for split in tracks.values())} tracks"]


def _evaluation(found: Mapping[str, Any]) -> list[str]:
    overall = EvaluationSummary.from_mapping(found).overall
    auc = overall.metrics.get("video_auc") if overall else None
    return [f"AUC {summary_table.estimate(auc)}"] if auc else []


def _blessing(blessing: Mapping[str, Any]) -> str:
    return "blessed" if blessing["blessed"] else "NOT BLESSED"


def _push(push: Mapping[str, Any]) -> str:
    return f"version {push['version']}" if push["pushed"] else "NOTHING PUSHED"


@contextlib.contextmanager
def opened(start: events.RunStarted, folder: RunFolder) -> Iterator[View]:
    """The view that suits standard output. `NO_COLOR` is respected."""
    console = _console()
    if console.is_terminal and not console.is_dumb_terminal:
        with Live(console=console, auto_refresh=False) as live:
            view = LiveView(live, start, folder)
            yield view
            view.close()
    else:
        yield PlainView(console, start, folder)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=FILE_WIDTH)


def show_report(report: RunReport) -> None:
    """Prints the report of a run."""
    _console().print(summary_table.render(report))


def show_dashboard(folder: RunFolder) -> None:
    """Prints where the pages of a run are, and what kept one of them from being written."""
    page = DashboardFolder.below(folder.path.parent).run(folder.run_id) / _RUN_PAGE
    console = _console()
    if page.exists():
        console.print(Text.assemble(("dashboard  ", "bold"), str(page)), soft_wrap=True)
    for problem in page_problems.of_run(folder):
        code = f"{problem.code}: " if problem.code else ""
        text = f"{code}{problem.message}\n{problem.advice}"
        console.print(Text(text, style="yellow"), soft_wrap=True)


def write_picture(report: RunReport, path: pathlib.Path) -> None:
    """Writes the report of a run as an SVG file that names no other file and no host."""
    console = Console(record=True, width=FILE_WIDTH, file=io.StringIO(), highlight=False)
    console.print(summary_table.render(report))
    # Rich's template loads its fonts from the network; the viewer's own do.
    template = re.sub(r"@font-face \{\{.*?\}\}|<!--.*?-->", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    title = f"deepfake runs show {report.run_id}"
    path.write_text(console.export_svg(title=title, code_format=template), encoding="utf-8")


class LiveView:
    """The nodes of the graph, redrawn in place."""

    def __init__(self, live: Live, start: events.RunStarted, folder: RunFolder) -> None:
        self._live = live
        self._start = start
        self._folder = folder
        self._loading = Spinner("dots", Text(f"{_LOADING} ...", "bright_black"), style="bold cyan")
        self._working = Spinner("dots", style="bold cyan")
        self._writing = Spinner("dots", Text(f"{_WRITING} ...", "bright_black"), style="bold cyan")
        self._drawn = RunState()

    def update(self, state: RunState, happened: list[events.Event]) -> None:
        """Draws the state as it is now; what happened since is part of it."""
        self._drawn = state
        writes = state.outcome in (Outcome.FINISHED, Outcome.FAILED)
        self._live.update(self.draw(state, time.time(), writes_pages=writes), refresh=True)

    def close(self) -> None:
        """Leaves the picture of the end: no process is at work any more."""
        self._live.update(self.draw(self._drawn, time.time()), refresh=True)

    def draw(self, state: RunState, now: float, *, writes_pages: bool = False) -> RenderableType:
        """The picture of `state` at the Unix time `now`; the pages come after the last node."""
        ended = state.outcome is not None
        elapsed = (state.ended if ended else now) - self._start.time
        header = Table.grid(expand=True)
        header.add_column()
        header.add_column(justify="right")
        header.add_row(
            Text.assemble(
                (self._start.pipeline, "bold"), "  run ", (self._start.run_id, "bold cyan")
            ),
            Text(words.clock(elapsed), style="bold"),
        )
        body = self._nodes(state, now) if state.nodes else self._before_the_first_node(ended)
        parts = [Text(""), header, Text(""), body, Text("")]
        if writes_pages:
            parts.append(self._writing)
        if not ended:
            parts.append(Text(f"log {self._folder.log}", style="bright_black", overflow="fold"))
        return Group(*parts)

    def _before_the_first_node(self, ended: bool) -> RenderableType:
        return Text(f"ended while {_LOADING}", style="yellow") if ended else self._loading

    def _nodes(self, state: RunState, now: float) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True, min_width=7)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        for node in state.nodes.values():
            symbol, style = _SYMBOLS[node.state]
            quiet = node.state in (NodeState.WAITING, NodeState.SKIPPED)
            table.add_row(
                self._working if node.state is NodeState.RUNNING else Text(symbol, style=style),
                Text(node.id, style=style if quiet or node.state is NodeState.RUNNING else ""),
                Text(_seconds(node, now), style="bright_black" if quiet else ""),
                _detail(node, now),
            )
        return table


class PlainView:
    """One line per event worth reading."""

    def __init__(self, console: Console, start: events.RunStarted, folder: RunFolder) -> None:
        self._console = console
        self._start = start
        self._shown = 0.0
        self._print(start.time, f"run {start.run_id} of {start.pipeline}; log {folder.log}")
        self._print(start.time, _LOADING)

    def update(self, state: RunState, happened: list[events.Event]) -> None:
        """Prints the new events; progress at most every ten seconds."""
        for event in happened:
            match event:
                case events.NodeEnded():
                    self._ended(state.nodes[event.node], event.time)
                case events.Progressed() if self._is_due(event.time):
                    text = of_progress(state.nodes[event.node], event.time)
                    self._print(event.time, f"  {event.node}: {text}")
                    self._shown = event.time
                case events.NodeStarted():
                    self._shown = event.time
                    self._print(event.time, f"● {event.node}")

    def _is_due(self, now: float) -> bool:
        return now - self._shown >= PROGRESS_INTERVAL_SECONDS

    def _ended(self, node: NodeRecord, now: float) -> None:
        symbol, _ = _SYMBOLS[node.state]
        parts = [f"{symbol} {node.id} {node.state.value}"]
        if node.state not in (NodeState.CACHED, NodeState.SKIPPED):
            parts.append(words.clock(node.seconds))
        parts.append(of_facts(node))
        self._print(now, "  ".join(filter(None, parts)))

    def _print(self, now: float, text: str) -> None:
        elapsed = f"{words.clock(max(0.0, now - self._start.time)):>7}"
        self._console.print(f"{elapsed}  {text}", soft_wrap=True, markup=False)


def _seconds(node: NodeRecord, now: float) -> str:
    match node.state:
        case NodeState.WAITING:
            return ""
        case NodeState.RUNNING:
            return words.clock(now - node.started)
        case NodeState.CACHED | NodeState.SKIPPED:
            return node.state.value
        case _:
            return words.clock(node.seconds)


def _detail(node: NodeRecord, now: float) -> RenderableType:
    if node.state is not NodeState.RUNNING:
        failed = node.state in (NodeState.FAILED, NodeState.INTERRUPTED)
        text = node.state.value if failed else of_facts(node)
        return Text(text, style=_SYMBOLS[node.state][1] if failed else "bright_black")
    text = Text(of_progress(node, now))
    done = fraction_done(node.progress)
    return text if done is None else Text.assemble(_bar(done), "  ", text)


def _bar(done: float) -> Text:
    """A bar of which the share `done`, in [0, 1], is filled."""
    halves = round(done * _BAR_WIDTH * 2)
    filled = "━" * (halves // 2) + "╸" * (halves % 2)
    rest = "━" * (_BAR_WIDTH - len(filled))
    return Text.assemble((filled, "cyan"), (rest, "bright_black"))
