"""`deepfake run` up to the worker, `deepfake demo`, and `deepfake runs` on made runs."""

import json

import pytest

from pipeline.cli import main, runs
from pipeline.runs import events
from pipeline.runs.events import NodeState, Outcome

PUSH = {"pushed": True, "version": "7", "path": "here", "present": True, "refused_because": ""}


@pytest.fixture
def executed(monkeypatch):
    """Calls of `execution.execute`, which then reports status 3."""
    calls = []

    def execute(config, **options):
        calls.append((config, options))
        return 3

    monkeypatch.setattr(runs, "execute", execute)
    return calls


def test_run_puts_the_call_into_the_configuration(executed, tmp_path):
    manifest = tmp_path / "videos.csv"
    manifest.touch()
    arguments = ["run", "--manifest", str(manifest), "--output", "out", "--no-cache"]
    arguments += ["--from", "trainer", "--to", "Evaluator", "--set", "training.epochs=3"]
    assert main.main(arguments) == 3
    [(config, options)] = executed
    assert (config.data.manifest, config.output, config.cache) == (str(manifest), "out", False)
    assert config.training.epochs == 3
    assert options == {"runner": "local", "from_node": "Trainer", "to_node": "Evaluator"}


def test_the_runner_that_knows_no_parts_refuses_them(executed, tmp_path, capsys):
    manifest = tmp_path / "videos.csv"
    manifest.touch()
    arguments = ["run", "--manifest", str(manifest), "--runner", "kubeflow-steps"]
    assert main.main([*arguments, "--to", "DataGate"]) == 2
    assert "runs the whole graph: no --from or --to" in capsys.readouterr().err
    assert main.main(arguments) == 3
    assert executed[0][1]["runner"] == "kubeflow-steps"


def test_demo_makes_videos_and_says_what_they_do_not_prove(executed, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(runs, "_demo_videos", lambda folder: folder / "manifest.csv")
    assert main.main(["demo", "--output", str(tmp_path)]) == 3
    [(config, _)] = executed
    assert config.data.manifest == str(tmp_path / "videos" / "manifest.csv")
    assert config.output == str(tmp_path)
    assert "say nothing of detection skill" in config.data.notice, "every report says it"
    assert config.data.notice in capsys.readouterr().out


def test_demo_refuses_a_video_folder_that_holds_something_else(executed, tmp_path, capsys):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "holiday.mp4").touch()
    assert main.main(["demo", "--output", str(tmp_path)]) == 2
    assert "choose another --output" in capsys.readouterr().err
    assert (executed, (tmp_path / "videos" / "holiday.mp4").exists()) == ([], True)


def test_runs_list_tells_each_run_in_one_line(made_run, tmp_path, capsys):
    made_run(
        tmp_path,
        "20260101-000000-aaaa",
        events.NodeEnded(node="Pusher", state=NodeState.RAN, facts={"push": PUSH}, time=160.0),
        events.RunEnded(outcome=Outcome.FINISHED, time=161.0),
    )
    made_run(tmp_path, "20260102-000000-bbbb")
    assert main.main(["runs", "list", "--output", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["20260101-000000-aaaa", "pushed", "61.0s", "version", "7"]
    assert second.split()[:2] == ["20260102-000000-bbbb", "failed"]  # no one wrote its end


def test_runs_show_takes_the_start_of_an_id_or_latest(made_run, tmp_path, capsys):
    for name in ("20260101-000000-aaaa", "20260102-000000-bbbb"):
        made_run(tmp_path, name, events.RunEnded(outcome=Outcome.INTERRUPTED, time=101.0))
    for name, expected in (("20260101", "aaaa"), ("latest", "bbbb")):
        assert main.main(["runs", "show", name, "--output", str(tmp_path), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["run_id"].endswith(expected)
    assert main.main(["runs", "show", "2026", "--output", str(tmp_path)]) == 2
    assert "several runs start with '2026'" in capsys.readouterr().err
    assert main.main(["runs", "show", "--output", str(tmp_path)]) == 0
    assert "INTERRUPTED, NOTHING WAS PUSHED" in capsys.readouterr().out
