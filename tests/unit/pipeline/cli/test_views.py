"""What a person sees while a run goes on."""

import io

import pytest
from rich.console import Console
from rich.live import Live

from pipeline.cli import views
from pipeline.dashboards.run_pages import Problems
from pipeline.runs import events
from pipeline.runs.events import NodeState, Outcome
from pipeline.runs.folders import RunFolder
from pipeline.runs.state import RunState
from schemas.errors import DashboardError

START = events.RunStarted(run_id="20260101-000000-aaaa", pipeline="deepfake", time=0.0)
LETTERS = {"letters": {"num_inputs": 96, "by_code": {"no_face": 2, "truncated": 1}}}
HAPPENED = [
    START,
    events.Planned(nodes=("Validator", "Statistics", "Trainer", "Pusher"), time=8.0),
    events.NodeStarted(node="Validator", time=8.0),
    events.NodeEnded(node="Validator", state=NodeState.RAN, seconds=3.94, facts=LETTERS, time=12.0),
    events.NodeEnded(node="Statistics", state=NodeState.CACHED, seconds=0.02, time=12.0),
    events.NodeStarted(node="Trainer", time=12.0),
    events.Progressed(
        node="Trainer",
        fields={"epoch": 3, "epochs": 12, "loss": 0.41234, "val_auc": 0.9},
        time=42.0,
    ),
]


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def drawn(view, state, now, width=110):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(view.draw(state, now))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def live_view(folder):
    console = Console(file=io.StringIO(), force_terminal=True)
    return views.LiveView(Live(console=console, auto_refresh=False), START, folder)


def test_the_live_table_shows_state_time_facts_and_progress(folder):
    lines = drawn(live_view(folder), RunState(HAPPENED), now=52.0)
    table = [" ".join(line.split()) for line in lines[3:7]]
    assert table[0] == "✓ Validator 3.9s 96 videos, 3 rejected (no_face 2, truncated 1)"
    assert table[1] == "≡ Statistics cached"
    progress = "epoch 3/12 loss 0.412 selection AUC 0.900 1:20 left"
    assert table[2][2:] == f"Trainer 40.0s {'━' * 20} {progress}"
    assert table[3] == "· Pusher"
    assert lines[1].endswith("52.0s")
    assert lines[-1] == f"log {folder.log}"


def test_before_the_graph_is_known_it_says_what_takes_so_long(folder):
    lines = drawn(live_view(folder), RunState([START]), now=3.0)
    assert "loading TensorFlow and TFX ..." in lines[3]


def test_the_last_picture_has_no_running_node_and_the_time_of_the_run(folder):
    ended = events.RunEnded(outcome=Outcome.INTERRUPTED, time=60.0)
    lines = drawn(live_view(folder), RunState([*HAPPENED, ended]), now=99.0)
    assert lines[1].endswith("1:00")
    assert lines[5].split() == ["■", "Trainer", "48.0s", "interrupted"]


@pytest.mark.parametrize("outcome", [Outcome.FINISHED, Outcome.FAILED])
def test_after_the_last_node_the_live_table_says_that_pages_are_written(folder, outcome):
    screen = io.StringIO()
    console = Console(file=screen, width=110, force_terminal=True, color_system=None)
    with Live(console=console, auto_refresh=False) as live:
        view = views.LiveView(live, START, folder)
        view.update(RunState([*HAPPENED, events.RunEnded(outcome=outcome, time=60.0)]), [])
        assert "writing the dashboard ..." in screen.getvalue()
        screen.truncate(0)
        view.close()
    assert "writing the dashboard" not in screen.getvalue()
    assert "Pusher" in screen.getvalue()


def test_an_interrupted_run_writes_no_pages(folder):
    state = RunState([*HAPPENED, events.RunEnded(outcome=Outcome.INTERRUPTED, time=60.0)])
    screen = io.StringIO()
    with Live(console=Console(file=screen, force_terminal=True), auto_refresh=False) as live:
        views.LiveView(live, START, folder).update(state, [])
    assert "writing the dashboard" not in screen.getvalue()


def test_the_last_line_names_the_page_of_the_run(folder, capsys):
    page = folder.path.parent / "dashboard" / "runs" / folder.run_id / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    views.show_dashboard(folder)
    assert capsys.readouterr().out == f"dashboard  {page}\n"


def test_a_page_that_could_not_be_written_is_told_with_its_code_and_what_to_do(folder, capsys):
    error = DashboardError("training_record", "history.jsonl breaks its contract; correct it")
    Problems(folder, "run").add("the page Evaluation", error)
    views.show_dashboard(folder)
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "training_record: the page Evaluation: history.jsonl breaks its contract; correct it"
    )
    assert f"`deepfake dashboard {folder.run_id}`" in second


def test_without_a_terminal_there_is_one_line_per_event_and_little_progress(folder, capsys):
    with views.opened(START, folder) as view:
        state = RunState()
        for event in HAPPENED:
            state.apply(event)
            view.update(state, [event])
        ticks = [
            events.Progressed(node="Trainer", fields={"epoch": 3, "epochs": 12}, time=42.0 + tick)
            for tick in range(9)
        ]
        view.update(state, ticks)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"   0.0s  run 20260101-000000-aaaa of deepfake; log {folder.log}",
        "   0.0s  loading TensorFlow and TFX",
        "   8.0s  ● Validator",
        "  12.0s  ✓ Validator ran  3.9s  96 videos, 3 rejected (no_face 2, truncated 1)",
        "  12.0s  ≡ Statistics cached",
        "  12.0s  ● Trainer",
        "  42.0s    Trainer: epoch 3/12  loss 0.412  selection AUC 0.900  1:30 left",
    ]


def test_no_color_is_respected(folder, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert views._console().no_color
