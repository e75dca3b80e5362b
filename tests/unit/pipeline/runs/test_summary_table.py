"""The end of a run on the screen: the verdict cannot be missed."""

import io
import pathlib

import pytest
from rich.console import Console

from pipeline.runs import events, reporting, summary_table
from pipeline.runs.events import Outcome


@pytest.fixture
def shown(state):
    """The lines that a run with these facts ends with."""

    def shown(facts, *, width=100, **options):
        summary = reporting.summarize(
            state(facts, **options), run_dir=pathlib.Path("runs/r"), log=pathlib.Path("run.log")
        )
        console = Console(file=io.StringIO(), width=width, color_system=None)
        console.print(summary_table.render(summary))
        return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]

    return shown


def test_a_push_is_told_with_version_and_place(shown, facts):
    lines = shown(facts)
    assert any("PUSHED version 7" in line for line in lines)
    assert "│ → serving/7 │" in lines
    assert "│ (no earlier blessed model to compare with) │" in lines
    assert lines[-1] == "report runs/r/summary.json"


def test_what_must_be_said_of_the_figures_is_said_below_them(shown, facts):
    assert shown(facts, notice="Synthetic: no skill.")[-2] == "Synthetic: no skill."


def test_data_and_figures_stand_above_it(shown, facts):
    lines = shown(facts)
    assert lines[0] == "videos 96 in, 93 accepted, 3 rejected (no_face 2, truncated 1)"
    assert "train 60 62 248" in lines
    assert "overall 18 + 9 0.93 [0.88, 0.97] 0.89 [0.84, 0.93] -" in lines
    assert "by manipulation_method" in lines
    assert "swap 18 + 0 - 0.40 [0.35, 0.44] -" in lines


def test_a_narrow_screen_keeps_every_column(shown, facts):
    lines = shown(facts, width=80)
    assert "overall 18 + 9 0.93 0.89 -" in lines
    assert any(line.startswith("AUC 0.93 [0.88, 0.97]") for line in lines)


def test_a_refusal_is_told_with_each_gate_and_reason(shown, refused):
    lines = shown(refused)
    assert any("NOTHING WAS PUSHED" in line for line in lines)
    assert not any("PUSHED version" in line for line in lines)
    assert "│ model NOT BLESSED │" in lines
    assert "│ serving blessed │" in lines
    reason = "model: video_recall 0.400 < 0.500 (4 fake) on manipulation_method:swap"
    assert f"│ • {reason} │" in lines


def test_an_error_is_told_with_node_code_message_advice_and_log(shown):
    error = events.Failed(
        node="Trainer", type="E", code="class_missing", message="[x] no fake", advice="add fakes"
    )
    lines = shown({}, outcome=Outcome.FAILED, error=error)
    assert any("THE RUN FAILED, NOTHING WAS PUSHED" in line for line in lines)
    for expected in ("Trainer class_missing", "[x] no fake", "add fakes", "log run.log"):
        assert f"│ {expected} │" in lines


def test_an_interrupted_run_says_how_to_go_on(shown):
    lines = shown({}, outcome=Outcome.INTERRUPTED)
    assert any("INTERRUPTED" in line for line in lines)
    assert any("finished nodes come from the cache" in line for line in lines)
