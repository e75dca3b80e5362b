"""Pages made of the shared parts, and figures held against Plotly's own schema."""

import importlib
import itertools
import pathlib
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import jinja2
import pytest
from plotly import graph_objects

from pipeline.dashboards import rendering
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.rendering import Frame
from pipeline.runs import events, reporting
from pipeline.runs.events import Outcome
from pipeline.runs.folders import DashboardFolder, RunFolder
from pipeline.runs.journal import Journal, RunFollower
from pipeline.runs.state import RunState
from schemas.run_report import NodeState

_ROLE = re.compile(r"@[a-z]+[0-9]?(/[0-9.]+)?")


@pytest.fixture
def valid_figure() -> Callable[[Chart], None]:
    """`valid_figure(chart)` raises where Plotly knows no such key or value, in any variant."""

    def check(chart: Chart) -> None:
        for variant in ({}, *chart.variants.values()):
            figure = _coloured(chart.figure)
            for trace, changes in zip(figure["data"], _coloured(variant), strict=False):
                for path, value in changes.items():
                    _put(trace, path.split("."), value)
            graph_objects.Figure(figure)

    return check


def _coloured(value: Any) -> Any:
    if isinstance(value, str):
        return "#123456" if _ROLE.fullmatch(value) else value
    if isinstance(value, Mapping):
        return {key: _coloured(item) for key, item in value.items()}
    return [_coloured(item) for item in value] if isinstance(value, list | tuple) else value


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        target = target.setdefault(key, {})
    target[path[-1]] = value


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> DashboardFolder:
    """A site with style, scripts and Plotly, for pages of many tests."""
    site = DashboardFolder(tmp_path_factory.mktemp("dashboard"))
    rendering.write_assets(site)
    return site


class Samples:
    """Makes pages of a body that uses the macros of `parts.html`."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def text(self, body: str, /, *, frame: Mapping[str, Any] | None = None, **values: Any) -> str:
        """The HTML; `frame` has what differs from that of an ordinary page."""
        environment = rendering._environment()
        given = environment.loader
        template = f'{{% extends "base.html" %}}{{% block main %}}{body}{{% endblock %}}'
        if "parts.chart" not in body:
            template += "{% block plotly %}{% endblock %}"  # a second of each test
        try:
            sample = jinja2.DictLoader({"sample.html": template})
            environment.loader = jinja2.ChoiceLoader([sample, given])
            surroundings = {"title": "Sample", "root": "../../", **(frame or {})}
            return rendering.page("sample.html", Frame(**surroundings), values)
        finally:
            environment.loader = given

    def __call__(self, body: str, /, **values: Any) -> pathlib.Path:
        """The page as a file of the shared site."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"page{next(self._numbers)}.html"
        path.write_text(self.text(body, **values), encoding="utf-8")
        return path


@pytest.fixture
def sample(shared_site: DashboardFolder, tmp_path: pathlib.Path) -> Samples:
    """`sample(body, **values)`: the file of a page; `sample.text(...)`: its markup."""
    return Samples(shared_site.run(tmp_path.name))


def evaluated(**slices: tuple[float, float, float]) -> dict[str, Any]:
    """Facts of an Evaluator: AUC with its bounds by slice, of 6 fakes and 4 reals each."""
    counts = {"num_videos": 10, "num_fake_videos": 6, "num_real_videos": 4}
    entries = [
        {
            "name": name,
            **counts,
            "metrics": {"video_auc": {"value": value, "lower": lower, "upper": upper}},
            "track_metrics": {},
        }
        for name, (value, lower, upper) in slices.items()
    ]
    found = {"blessed": True, "has_baseline": False, "slices": entries, "gates": []}
    return {"evaluation": found}


class RunMaker:
    """Makes the folders of runs by their journals, one after the other.

    Attributes:
      output: The output folder.
    """

    def __init__(self, output: pathlib.Path) -> None:
        self.output = output
        self._hours = itertools.count(1)

    def begin(self, run_id: str, *, pipeline: str = "made", notice: str = "") -> RunFolder:
        """A run that has just begun: the Nth at N o'clock of the first day of 1970."""
        folder = RunFolder(self.output / run_id)
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.journal.unlink(missing_ok=True)
        began = events.RunStarted(
            run_id=run_id, pipeline=pipeline, notice=notice, time=next(self._hours) * 3600.0
        )
        self.add(folder, began, events.Planned(nodes=("Evaluator", "Pusher"), time=began.time))
        return folder

    def add(self, folder: RunFolder, *happened: events.Event) -> None:
        """Lets something happen."""
        journal = Journal(folder.journal)
        for event in happened:
            journal.append(event)

    def __call__(
        self, run_id: str, facts: Mapping[str, Any], version: str = "", **start: str
    ) -> RunFolder:
        """A run that ended a minute after it began; with `version` it pushed, else it refused.

        Args:
          run_id: Of the run.
          facts: Of its Evaluator; without any it failed there.
          version: That was pushed.
          start: `pipeline` and `notice`.
        """
        folder = self.begin(run_id, **start)
        began = RunState(RunFollower(folder).read()).ended
        push = {"pushed": bool(version), "version": version, "path": version, "present": True}
        verdicts = {
            "model_blessing": {"blessed": bool(version)},
            "infra_blessing": {"blessed": True, "reasons": []},
        }
        ended = {"time": began + 60, "seconds": 30.0}
        if facts:
            self.add(
                folder,
                events.NodeEnded(
                    node="Evaluator", state=NodeState.RAN, facts={**facts, **verdicts}, **ended
                ),
                events.NodeEnded(node="Pusher", state=NodeState.RAN, facts={"push": push}, **ended),
                events.RunEnded(outcome=Outcome.FINISHED, time=began + 60),
            )
        else:
            self.add(
                folder,
                events.Failed(node="Evaluator", type="MadeError", message="made", time=began + 60),
                events.RunEnded(outcome=Outcome.FAILED, time=began + 60),
            )
        state = RunState(RunFollower(folder).read())
        report = reporting.summarize(state, run_dir=folder.path, log=folder.log)
        reporting.write(folder.summary, report)
        return folder


@pytest.fixture
def make_run(tmp_path: pathlib.Path) -> RunMaker:
    """`make_run("r1", {"overall": (auc, lower, upper)}, version="7")`; see `RunMaker`."""
    return RunMaker(tmp_path / "runs")


@pytest.fixture
def auc() -> Callable[..., dict[str, Any]]:
    """`auc(overall=(0.9, 0.8, 1.0))`: facts of an Evaluator."""
    return evaluated


@pytest.fixture(scope="session")
def recorded() -> ModuleType:
    """The builder of the data of a small run; imported late, for TensorFlow and TFDV."""
    return importlib.import_module("recorded_data")


@pytest.fixture(scope="session")
def written(recorded, tmp_path_factory):
    """Artifacts of that run, by output; tests leave the files as they are."""
    return recorded.write_data(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture
def run(recorded, written, tmp_path):
    """`run(...)`: sources of that run, in an output folder of the test's own."""

    def run(artifacts=written, **others):
        return recorded.run_of(tmp_path, artifacts, **others)

    return run
