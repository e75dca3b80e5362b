"""The worker in this process, with a small graph in place of the real one."""

import sys
import types

import pytest

from pipeline.cli import run_folder, worker
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.journal.log import Follower


@pytest.fixture
def folder(tmp_path):
    folder = run_folder.create(tmp_path)
    folder.config.write_text(load.dump(PipelineConfig(output=str(tmp_path))))
    return folder


@pytest.fixture
def graph(monkeypatch):
    """Replaces `pipeline.graph` and the runner; `steps` is called as `local.run`."""

    def graph(steps):
        modules = {
            "graph": types.SimpleNamespace(create_pipeline=lambda config, beam_args: config.output),
            "node_facts": types.SimpleNamespace(of_outputs=None),
            "beam": types.SimpleNamespace(arguments=lambda config: ["--runner=X"]),
            "local": types.SimpleNamespace(
                compile_graph=lambda pipeline, run_id, order: (pipeline, run_id),
                write_ir=lambda ir, path: path.write_text("{}"),
                run=steps,
            ),
        }
        for parent, name in (
            *(("pipeline", "graph"), ("pipeline.reports", "node_facts")),
            *(("pipeline.runners", "beam"), ("pipeline.runners", "local")),
        ):
            monkeypatch.setitem(sys.modules, f"{parent}.{name}", modules[name])
            monkeypatch.setattr(f"{parent}.{name}", modules[name], raising=False)

    return graph


def told(folder):
    return Follower(folder.journal).read()


def test_a_run_that_ends_well_says_so(folder, graph):
    received = {}
    graph(lambda ir, **options: received.update(options, ir=ir))
    assert worker.main([str(folder.path), "--from", "Trainer"]) == 0
    assert received["ir"] == (str(folder.path.parent), folder.run_id)
    assert (received["from_node"], received["to_node"]) == ("Trainer", "")
    assert received["beam_args"] == ["--runner=X"]
    assert [event.outcome.value for event in told(folder)] == ["finished"]
    assert folder.ir.exists()


def test_an_error_is_journalled_with_the_node_that_was_started_last(folder, graph, caplog):
    from pipeline.journal import events

    def steps(ir, *, sink, **options):
        sink(events.NodeStarted(node="Trainer"))
        raise ValueError("no good")

    graph(steps)
    assert worker.main([str(folder.path)]) == 1
    _, failed, ended = told(folder)
    assert (failed.node, failed.type, failed.message) == ("Trainer", "ValueError", "no good")
    assert ended.outcome is events.Outcome.FAILED
    assert "ValueError: no good" in caplog.text  # the traceback is in the log


def test_an_interrupt_is_no_failure(folder, graph):
    def steps(ir, **options):
        raise KeyboardInterrupt

    graph(steps)
    assert worker.main([str(folder.path)]) == 130
    assert [event.outcome.value for event in told(folder)] == ["interrupted"]


def test_a_configuration_that_cannot_be_loaded_is_a_failure_with_a_code(folder):
    folder.config.write_text("nonsense: 1\n")
    assert worker.main([str(folder.path)]) == 1
    assert told(folder)[0].code == "config_unknown_key"
