"""Runs told by real journals: as far as they came, and how they ended."""

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import lineage_store
import pytest

from pipeline.dashboards import sources
from pipeline.dashboards.sources import RunSources
from pipeline.lineage.store import Store
from pipeline.metadata import connection
from pipeline.runs import events
from pipeline.runs.events import NodeState, Outcome
from pipeline.runs.folders import DashboardFolder, RunFolder
from pipeline.runs.journal import Journal
from schemas.names import NODES

_START = 1_800_000_000.0  # 15 January 2027, 08:00:00 UTC
RUN = "20270115-080000-told"


def estimate(value: float, lower: float | None, upper: float | None) -> dict[str, float | None]:
    return {"value": value, "lower": lower, "upper": upper}


def entry(name: str, fakes: int, reals: int, **metrics: dict[str, Any]) -> dict[str, Any]:
    """A slice of an evaluation."""
    return {
        "name": name,
        "num_videos": fakes + reals,
        "num_fake_videos": fakes,
        "num_real_videos": reals,
        "metrics": metrics,
        "track_metrics": {},
    }


def gate(metric: str, slice_name: str, value: float | None, bound: float, **others: Any) -> Any:
    """A gate that is broken unless told otherwise."""
    reason = f"{metric} {value} < {bound} on {slice_name}"
    facts = {"metric": metric, "slice_name": slice_name, "value": value, "bound": bound}
    return facts | {"baseline": None, "passed": False, "reason": reason} | others


OVERALL = entry(
    "overall",
    10,
    8,
    video_auc=estimate(0.9, 0.7, 0.97),
    video_recall=estimate(0.9, 0.596, 0.982),
    video_specificity=estimate(0.875, 0.529, 0.978),
)
SWAPS = entry("manipulation_method:swap", 4, 0, video_recall=estimate(0.25, 0.046, 0.699))
PASSED = gate("video_auc", "overall", 0.9, 0.8, passed=True)
BROKEN = gate("video_recall", "manipulation_method:swap", 0.25, 0.5)


def facts(
    *gates: Mapping[str, Any], has_baseline: bool = False, serving: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """Facts by node of a run with those gates; it pushed version 7 unless something is wrong."""
    is_blessed = all(gate["passed"] for gate in gates)
    is_pushed = is_blessed and not serving
    return {
        "VideoValidator": {"letters": {"num_inputs": 30, "by_code": {"too_short": 2}}},
        "FrameExtractor": {
            "letters": {"num_inputs": 28, "by_code": {"no_face": 1}},
            "tracks": {"train": {"videos": 9, "tracks": 11}, "test": {"videos": 18, "tracks": 18}},
        },
        "Evaluator": {
            "evaluation": {
                "blessed": is_blessed,
                "has_baseline": has_baseline,
                "slices": [OVERALL, SWAPS],
                "gates": list(gates),
            },
            "model_blessing": {"blessed": is_blessed},
        },
        "ServingValidator": {"infra_blessing": {"blessed": not serving, "reasons": list(serving)}},
        "Pusher": {
            "push": {
                "pushed": is_pushed,
                "version": "7" if is_pushed else "",
                "path": "serving/deepfake/7" if is_pushed else "",
                "present": is_pushed,
                "refused_because": "" if is_pushed else "the model is not blessed",
            }
        },
    }


class Teller:
    """Writes the journal of a run and gathers its sources."""

    def __init__(self, output: pathlib.Path) -> None:
        self.folder = RunFolder(output / RUN)
        self.folder.path.mkdir(parents=True)

    def __call__(
        self,
        said: Mapping[str, dict[str, Any]] | None = None,
        *,
        done: int = len(NODES),
        running: Mapping[str, float] | None = None,
        failed: events.Failed | None = None,
        outcome: Outcome | None = Outcome.FINISHED,
        states: Mapping[str, NodeState] | None = None,
        notice: str = "",
    ) -> RunSources:
        """The run after its first `done` nodes.

        Args:
          said: Facts by node.
          done: How many nodes have ended.
          running: Progress of the node after those, which is at work; None if none is.
          failed: Why it stopped.
          outcome: How it ended; None while it goes on.
          states: Of nodes that did not simply run.
          notice: What must be said of its figures.
        """
        started = events.RunStarted(
            run_id=RUN, pipeline="deepfake", num_clips=4, notice=notice, time=_START
        )
        happened: list[events.Event] = [started, events.Planned(nodes=NODES, time=_START + 1)]
        for number, node in enumerate(NODES[:done]):
            state = (states or {}).get(node, NodeState.RAN)
            at, found = _START + 2 + number, (said or {}).get(node, {})
            happened.append(events.NodeStarted(node=node, time=at))
            happened.append(
                events.NodeEnded(node=node, state=state, seconds=1.5 + number, facts=found, time=at)
            )
        if running is not None:
            happened.append(events.NodeStarted(node=NODES[done], time=_START + 20))
            if running:
                happened.append(
                    events.Progressed(node=NODES[done], fields=running, time=_START + 25)
                )
        happened += [dataclasses.replace(failed, time=_START + 29)] if failed else []
        happened += [events.RunEnded(outcome=outcome, time=_START + 30)] if outcome else []
        journal = Journal(self.folder.journal)
        for event in happened:
            journal.append(event)
        return sources.of_run(self.folder, None)


class Said:
    """What nodes may say: `said.facts(said.BROKEN)`."""

    facts = staticmethod(facts)
    PASSED = PASSED
    BROKEN = BROKEN


@pytest.fixture(scope="session")
def said() -> type[Said]:
    return Said


@pytest.fixture
def told(tmp_path: pathlib.Path) -> Teller:
    """`told(facts(...), done=8, ...)`: the sources of a run; see `Teller`."""
    return Teller(tmp_path / "runs")


@pytest.fixture
def compiled(told: Teller) -> None:
    """The compiled graph of the run: three nodes wait for the first, one of them for two."""
    upstream = {
        "FrameExtractor": ["VideoValidator"],
        "StatisticsGen": ["FrameExtractor"],
        "DataGate": ["VideoValidator", "FrameExtractor", "StatisticsGen"],
    }
    nodes = [
        {"pipelineNode": {"nodeInfo": {"id": node}, "upstreamNodes": upstream.get(node, [])}}
        for node in NODES
    ]
    told.folder.ir.write_text(json.dumps({"nodes": nodes}))


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The output folder of three runs, the third refused; tests leave it as it is."""
    output = tmp_path_factory.mktemp("history")
    lineage_store.make_store(output, runs=3)
    for number in range(3):
        name = lineage_store.run_name(number)
        journal = Journal(RunFolder(output / name).journal)
        journal.append(events.RunStarted(run_id=name, pipeline=lineage_store.PIPELINE, time=_START))
        journal.append(events.RunEnded(outcome=Outcome.FINISHED, time=_START + 60))
    return output


@pytest.fixture
def recorded(history: pathlib.Path, tmp_path: pathlib.Path) -> Any:
    """`recorded(number)`: sources of a run with records; its pages go to the test's own folder."""

    def recorded(number: int) -> RunSources:
        folder = RunFolder(history / lineage_store.run_name(number))
        found = sources.of_run(folder, Store(connection.of_file(history / "metadata.db")))
        return dataclasses.replace(found, site=DashboardFolder(tmp_path / "dashboard"))

    return recorded
