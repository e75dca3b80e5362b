"""A graph whose executors can be imported by name, as TFX does; a run with records; made pages."""

import dataclasses
import importlib
import importlib.util
import pathlib
import sys
from types import SimpleNamespace

import pytest

from pipeline.config import load
from pipeline.config.nodes import NODES
from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import pages
from pipeline.journal import events
from pipeline.journal.events import NodeState
from pipeline.journal.log import Journal
from pipeline.journal.run_folder import RunFolder

_GENERATOR = pathlib.Path(__file__).parents[3] / "benchmarks" / "lineage_store.py"


@pytest.fixture
def tiny_graph(monkeypatch):
    monkeypatch.syspath_prepend(str(pathlib.Path(__file__).parent))
    return importlib.import_module("tiny_graph")


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A run whose nodes are all in ML Metadata, and its folder."""

    folder: RunFolder
    config: PipelineConfig


@pytest.fixture
def recorded(tmp_path):
    """A run of the whole graph, as far as records and journals go; it has not ended."""
    spec = importlib.util.spec_from_file_location("lineage_store", _GENERATOR)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    output = tmp_path / "runs"
    generator.make_store(output, runs=1)
    folder = RunFolder(output / generator.run_name(0))
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.summary.unlink(missing_ok=True)  # the generator wrote what its lineage tests need
    config = load.with_overrides(load.load("local"), {"output": str(output)})
    folder.config.write_text(load.dump(config))
    journal = Journal(folder.journal)
    journal.append(events.RunStarted(run_id=folder.run_id, pipeline="deepfake"))
    journal.append(events.Planned(nodes=NODES))
    for node in NODES:
        journal.append(events.NodeEnded(node=node, state=NodeState.RAN, seconds=1.0))
    return Recorded(folder, config)


@pytest.fixture
def built(monkeypatch):
    """Replaces the builders of pages: each says its name; what is put into the mapping is raised.

    Returns:
      The errors to raise, by name of the page.
    """
    raised = {}

    def builder(page):
        def content(sources):
            if page.name in raised:
                raise raised[page.name]
            values = {"reason": f"<{page.name}> of {sources.run_id}", "advice": ""}
            return pages.Content(template="absent.html", values=values)

        return SimpleNamespace(content=content)

    for page in pages.PAGES:
        monkeypatch.setitem(sys.modules, page.module, builder(page))
    return raised
