"""A Kubeflow Pipelines API to call, and a small package for it; see `runners/kfp_server.py`."""

import importlib
import pathlib

import pytest
from kfp import compiler, dsl


@pytest.fixture
def kfp_server(monkeypatch, tmp_path):
    """A running server; the test fails if any request is not one that kfp's own client knows."""
    monkeypatch.syspath_prepend(str(pathlib.Path(__file__).parent / "runners"))
    routes = importlib.import_module("kfp_routes").table(tmp_path)
    module = importlib.import_module("kfp_server")
    server = module.KfpServer(routes)
    with module.running(server) as address:
        server.address = address
        yield server
    assert server.violations == []


@pytest.fixture
def kfp_nodes(monkeypatch):
    """The module that makes a cluster's account of a run."""
    monkeypatch.syspath_prepend(str(pathlib.Path(__file__).parent / "runners"))
    return importlib.import_module("kfp_nodes")


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
