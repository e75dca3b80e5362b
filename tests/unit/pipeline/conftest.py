"""A Kubeflow Pipelines API and a package for it; a small graph; a run with records; made pages."""

import dataclasses
import sys
import textwrap
from types import SimpleNamespace

import kfp_routes
import kfp_server as kfp_api
import lineage_store
import pytest
from kfp import compiler, dsl

from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.dashboards import pages
from pipeline.runs import events
from pipeline.runs.events import NodeState
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Journal
from schemas.names import NODES


@pytest.fixture
def kfp_server(tmp_path):
    """A running server; the test fails if any request is not one that kfp's own client knows."""
    server = kfp_api.KfpServer(kfp_routes.table(tmp_path))
    with kfp_api.running(server) as address:
        server.address = address
        yield server
    assert server.violations == []


@pytest.fixture
def package(tmp_path):
    """Compiles a package as `deepfake compile` shapes them: prepare, two steps, report at the end.

    Returns a function of the image, which makes packages differ; it returns the file.
    """

    def package(image="deepfake:1", name="deepfake-kubeflow", file="package.yaml"):
        path = tmp_path / file
        compiler.Compiler().compile(_pipeline(name, image), str(path))
        return path

    return package


def _pipeline(name, image):
    def step(node, arguments):
        def define(run_name: str):
            filled = [run_name if part == "NAME" else part for part in arguments]
            return dsl.ContainerSpec(image=image, command=["python"], args=filled)

        define.__name__ = node.lower()
        return dsl.container_component(define)

    @dsl.container_component
    def prepare(epochs: int, min_auc: float, manifest: str, run_name: str):
        return dsl.ContainerSpec(
            image=image,
            command=["python"],
            args=[
                *("--digest", "d" * 64, "--run-name", run_name),
                *("--set", "training.epochs", epochs),
                *("--set", "evaluation.min_auc", min_auc),
                *("--set", "data.manifest", manifest),
            ],
        )

    @dsl.pipeline(name=name)
    def pipeline(
        epochs: int = 3, min_auc: float = 0.7, manifest: str = "/deepfake/m.csv", run_name: str = ""
    ):
        report = step("Report", ["report", "NAME"])(run_name=run_name)
        with dsl.ExitHandler(report.set_display_name("report"), name="pipeline"):
            first = prepare(epochs=epochs, min_auc=min_auc, manifest=manifest, run_name=run_name)
            before = first.set_display_name("prepare")
            for node in ("Trainer", "Evaluator"):
                task = step(node, ["run", "NAME"])(run_name=run_name).set_display_name(node)
                before = task.after(before)

    return pipeline


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A run whose nodes are all in ML Metadata, and its folder."""

    folder: RunFolder
    config: PipelineConfig


@pytest.fixture
def recorded_run(tmp_path):
    """A run of the whole graph, as far as records and journals go; it has not ended."""
    output = tmp_path / "runs"
    lineage_store.make_store(output, runs=1)
    folder = RunFolder(output / lineage_store.run_name(0))
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


@pytest.fixture
def worker(tmp_path):
    """Command of a process that runs `body` with `journal` open on its run folder."""

    def worker(body):
        script = tmp_path / "worker.py"
        head = """
            import os, pathlib, signal, sys, time
            from pipeline.runs.folders import RunFolder
            from pipeline.runs.events import *
            from pipeline.runs.journal import Journal
            folder = RunFolder(pathlib.Path(sys.argv[1]))
            journal = Journal(folder.journal)
        """
        script.write_text(textwrap.dedent(head) + textwrap.dedent(body))
        return (sys.executable, str(script))

    return worker
