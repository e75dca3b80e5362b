"""The steps of a run: their states, times and outcomes, as a table and as a graph."""

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Cell, Column, Row, Table, Tone
from pipeline.evaluation import statistics
from pipeline.lineage import layout
from pipeline.runs import words
from pipeline.runs.state import NodeRecord
from schemas.run_report import EvaluationSummary, NodeState

NOT_REACHED: Final = "not reached"  # a node that still waits when the run has ended
BROKE_OFF: Final = "broke off"  # a node that was running when the run was killed
Nodes = Sequence[NodeRecord]
_MARGIN: Final = 6
_LETTERS: Final = 21  # that a box holds
Edge = tuple[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Look:
    """How a state is shown: never by its colour alone.

    Attributes:
      words: Name of the state for people.
      mark: Character that stands before the node's name.
      tone: Tone of the state's cell, as in `tables.Cell`.
      colour: Colour in charts, as a role of the palette.
    """

    words: str
    mark: str
    tone: Tone
    colour: str


LOOKS: Final[Mapping[NodeState, Look]] = {
    NodeState.RAN: Look(words="done", mark="\N{CHECK MARK}", tone="good", colour=charts.GOOD),
    NodeState.CACHED: Look(
        words="from the cache",
        mark="\N{ANTICLOCKWISE OPEN CIRCLE ARROW}",
        tone="",
        colour=charts.BASELINE,
    ),
    NodeState.RUNNING: Look(
        words="running", mark="\N{BLACK RIGHT-POINTING TRIANGLE}", tone="", colour=charts.ACCENT
    ),
    NodeState.FAILED: Look(
        words="failed", mark="\N{MULTIPLICATION X}", tone="bad", colour=charts.BAD
    ),
    NodeState.INTERRUPTED: Look(
        words="interrupted", mark="\N{BLACK SQUARE}", tone="warn", colour=charts.WARN
    ),
    NodeState.SKIPPED: Look(
        words="not asked for", mark="\N{EN DASH}", tone="faint", colour=charts.FAINT
    ),
    NodeState.WAITING: Look(
        words="waiting", mark="\N{WHITE CIRCLE}", tone="faint", colour=charts.FAINT
    ),
}


def state_words(node: NodeRecord, is_running: bool) -> str:
    """The state of a node; `is_running` says whether the run goes on."""
    if node.state is NodeState.WAITING and not is_running:
        return NOT_REACHED
    if node.state is NodeState.RUNNING and not is_running:
        return BROKE_OFF
    return LOOKS[node.state].words


def took(node: NodeRecord) -> str:
    """How long a node took; empty where it has not ended."""
    return words.duration(node.seconds) if node.seconds else ""


def step_table(nodes: Nodes, is_running: bool) -> Table:
    """One row per node, in the order of execution."""
    rows = []
    for node in nodes:
        look = LOOKS[node.state]
        rows.append(
            Row(
                cells=[
                    tables.text(node.id),
                    Cell(text=state_words(node, is_running), tone=look.tone),
                    Cell(text=took(node) or tables.UNDEFINED, sort=node.seconds),
                    tables.text("; ".join(_outcome(node))),
                ]
            )
        )
    return Table(
        caption="Steps in the order in which they run",
        columns=[
            Column(title="Step"),
            Column(title="State"),
            Column(title="Time", kind="number"),
            Column(title="What came of it"),
        ],
        rows=rows,
        hides_caption=True,
    )


def step_times(nodes: Nodes) -> Chart | None:
    """Seconds per node; None before the first has ended."""
    ended = [node for node in nodes if node.seconds]
    if not ended:
        return None
    shown = ended[::-1]  # Plotly draws the first at the bottom
    longest = max(ended, key=lambda node: node.seconds)
    total = sum(node.seconds for node in ended)
    return Chart(
        id="step-seconds",
        title="Time per step",
        summary=f"{longest.id} took the longest: {took(longest)} of"
        f" {words.duration(total)}."
        + " Grey bars came from the cache."
        * any(n.state is NodeState.CACHED for n in ended),
        figure=charts.figure(
            [
                {
                    "type": "bar",
                    "orientation": "h",
                    "y": [node.id for node in shown],
                    "x": [round(node.seconds, 2) for node in shown],
                    "marker": {"color": [_bar_colour(node) for node in shown]},
                    "text": [took(node) for node in shown],
                    "textposition": "outside",
                    "cliponaxis": False,
                    "hovertemplate": "%{y}: %{x:.2f} s<extra></extra>",
                }
            ],
            # Room for the text beside the longest bar.
            xaxis=charts.axis("seconds", range=[0, 1.2 * longest.seconds]),
            yaxis={"type": "category", "automargin": True, "showgrid": False},
            showlegend=False,
        ),
        height=90 + 26 * len(ended),
    )


def _bar_colour(node: NodeRecord) -> str:
    return charts.ACCENT if node.state is NodeState.RAN else LOOKS[node.state].colour


def progress_of(node: NodeRecord) -> str:
    """What a node has done so far, in a sentence; empty if it does not tell."""
    fields = node.progress
    if "videos_total" in fields:
        rejected = fields.get("videos_rejected")
        left_out = f", {rejected} left out" if rejected else ""
        done = fields.get("videos_done", 0)
        return f"{done} of {fields['videos_total']} videos are done{left_out}."
    if "epochs" in fields:
        auc = f", selection AUC {fields['val_auc']:.3f}" if "val_auc" in fields else ""
        return f"Epoch {fields.get('epoch', 0)} of at most {fields['epochs']} is done{auc}."
    return ""


def fraction_of(node: NodeRecord) -> float:
    """Share of a node's work that is done, in [0, 1]; 0 if it does not tell."""
    for done, total in (("videos_done", "videos_total"), ("epoch", "epochs")):
        if node.progress.get(total):
            return min(1.0, float(node.progress.get(done, 0)) / float(node.progress[total]))
    return 0.0


def _outcome(node: NodeRecord) -> Iterator[str]:
    """What the outputs of a node say; of the running one, its progress."""
    if node.state is NodeState.RUNNING and (progress := progress_of(node)):
        yield progress.removesuffix(".")
    facts = node.facts
    if "letters" in facts:
        yield _letters(facts["letters"])
    if "tracks" in facts:
        num_tracks = sum(split["tracks"] for split in facts["tracks"].values())
        yield words.counted(num_tracks, "face track")
    if "evaluation" in facts:
        yield from _evaluation(facts["evaluation"])
    for name, subject in (("model_blessing", "model"), ("infra_blessing", "serving")):
        if name in facts:
            yield f"{subject} {'blessed' if facts[name]['blessed'] else 'NOT BLESSED'}"
    if "push" in facts:
        push = facts["push"]
        yield f"version {push['version']}" if push["pushed"] else "nothing pushed"


def _letters(letters: Mapping[str, Any]) -> str:
    rejected = sum(letters["by_code"].values())
    return f"{words.counted(letters['num_inputs'], 'video')}, {rejected or 'none'} left out"


def _evaluation(found: Mapping[str, Any]) -> Iterator[str]:
    evaluation = EvaluationSummary.from_mapping(found)
    overall = evaluation.overall
    if overall and statistics.AUC in overall.metrics:
        yield f"AUC {overall.metrics[statistics.AUC].value:.3f}"
    yield f"{len(evaluation.gates)} gates, {len(evaluation.broken) or 'none'} broken"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Box:
    """One node, in pixels of the drawing.

    Attributes:
      id: Id of the node.
      name: Id of the node, shortened to fit into the box.
      note: State and time of the node, in words.
      mark: Character that stands for the state.
      state: State of the node, which names the style.
      x: Distance of the box from the left side of the drawing, in pixels.
      y: Distance of the box from the top of the drawing, in pixels.
    """

    id: str
    name: str
    note: str
    mark: str
    state: str
    x: float
    y: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class NodeGraph:
    """The drawing: `paths` are of SVG, from above to below."""

    width: float
    height: float
    box_width: int
    box_height: int
    boxes: Sequence[Box]
    paths: Sequence[str]


def node_graph(sources: RunSources) -> NodeGraph | None:
    """The graph of a run; None before its nodes are known."""
    nodes = list(sources.state.nodes.values())
    if not nodes:
        return None
    names = [node.id for node in nodes]
    edges = necessary(_edges(sources, names))
    placed = layout.place(names, edges)
    return NodeGraph(
        width=placed.width + 2 * _MARGIN,
        height=placed.height + 2 * _MARGIN,
        box_width=layout.NODE_WIDTH,
        box_height=layout.NODE_HEIGHT,
        boxes=[_box(node, placed.centres[node.id], sources.is_running) for node in nodes],
        paths=[_path(points) for points in placed.paths],
    )


def necessary(edges: Sequence[Edge]) -> list[Edge]:
    """The edges of a graph without cycles, less those that follow from the others."""
    after: dict[str, set[str]] = {}
    for source, target in edges:
        after.setdefault(source, set()).add(target)
    return [
        (source, target)
        for source, target in edges
        if not any(target in _reached(other, after) for other in after[source] - {target})
    ]


def _reached(start: str, after: Mapping[str, set[str]]) -> set[str]:
    """Nodes below `start`, without itself."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in after.get(waiting.pop(), set()) - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def _edges(sources: RunSources, names: Sequence[str]) -> list[Edge]:
    """From the compiled graph; before there is one, each node after the one before it."""
    if not sources.folder.ir.is_file():
        return list(itertools.pairwise(names))
    compiled = json.loads(sources.folder.ir.read_text(encoding="utf-8"))
    known = set(names)
    return [
        (source, target)
        for source, target in _compiled_edges(compiled)
        if source in known and target in known
    ]


def _compiled_edges(compiled: Mapping[str, Any]) -> Iterator[Edge]:
    for entry in compiled["nodes"]:
        node = entry["pipelineNode"]
        for source in node.get("upstreamNodes", ()):
            yield source, node["nodeInfo"]["id"]


def _box(node: NodeRecord, centre: layout.Point, is_running: bool) -> Box:
    note = " \N{MIDDLE DOT} ".join(filter(None, [state_words(node, is_running), took(node)]))
    return Box(
        id=node.id,
        name=words.shortened(node.id, _LETTERS),
        note=note,
        mark=LOOKS[node.state].mark,
        state=node.state.value,
        x=round(centre[0] - layout.NODE_WIDTH / 2 + _MARGIN, 1),
        y=round(centre[1] - layout.NODE_HEIGHT / 2 + _MARGIN, 1),
    )


def _path(points: Sequence[layout.Point]) -> str:
    shifted = [(x + _MARGIN, y + _MARGIN) for x, y in points]
    (x, y), *others = shifted
    path = f"M{x:.1f} {y:.1f}"
    for next_x, next_y in others:
        middle = (y + next_y) / 2
        path += f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}"
        x, y = next_x, next_y
    return path
