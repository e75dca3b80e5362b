"""The harness itself, on a clock that the test turns."""

import importlib
import json
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parent


@pytest.fixture
def measuring(monkeypatch):
    """The module as `run.py` finds it; unloaded again, with what it shares the folder with."""
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module("measuring")
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.fixture
def bench(measuring, monkeypatch):
    """Compares a candidate and a reference that cost what the test says, call after call."""

    def compare(candidate, reference, agree=lambda *_: True, **arguments):
        now, calls = [0.0], []
        monkeypatch.setitem(measuring.CLOCKS, measuring.CPU, lambda: now[0])

        def way(name, costs):
            def run():
                calls.append(name)
                now[0] += costs(len(calls))
                return name

            return measuring.Way(name, run)

        ways = way("candidate", candidate), way("reference", reference)
        return measuring.compare("made", *ways, agree=agree, **arguments), calls

    return compare


def test_the_figure_is_candidate_over_reference(bench, measuring):
    figure, _ = bench(lambda n: 1.0, lambda n: 4.0)
    assert figure.cost == measuring.Spread(0.25, 0.25, 0.25)
    assert figure.control == measuring.Spread(1.0, 1.0, 1.0)
    assert not figure.is_void
    assert not figure.is_within_noise


def test_each_candidate_runs_between_two_references_once_both_are_warm(bench):
    figure, calls = bench(lambda n: 1.0, lambda n: 1.0, pairs=4)
    assert calls == ["reference", "candidate"] + ["reference", "candidate", "reference"] * 4
    assert figure.pairs == 4


def test_pairs_alternate_so_that_a_drift_cancels(bench):
    """On a machine that gets slower, half of the pairs flatter the candidate."""
    figure, _ = bench(lambda n: 100.0 + n, lambda n: 100.0 + n, pairs=10)
    assert figure.cost.min < 1 < figure.cost.max
    assert figure.cost.median == pytest.approx(1, abs=1e-3)
    assert figure.control.median == pytest.approx(1, abs=1e-3)


def test_a_figure_of_an_unsteady_machine_is_void(bench):
    costs = iter([1, 1, 1, 2, 1])  # of the reference: once to warm up, then twice a round
    figure, _ = bench(lambda n: 1.0, lambda n: next(costs), pairs=2)
    assert figure.is_void


def test_a_difference_that_the_reference_has_with_itself_is_noise(bench):
    costs = iter([1.0, 1.0, 1.15, 1.1, 1.1])
    figure, _ = bench(lambda n: 1.1, lambda n: next(costs), pairs=2)
    assert figure.is_within_noise
    assert not figure.is_void


def test_a_fast_wrong_answer_is_no_result(bench, measuring):
    with pytest.raises(measuring.WrongAnswerError, match="made: candidate differs from reference"):
        bench(lambda n: 1.0, lambda n: 4.0, agree=lambda found, expected: found == expected)


def test_cpu_time_of_a_living_child_counts(measuring):
    program = """
import sys, time
while time.process_time() < 0.2: pass
print(time.process_time(), flush=True)
sys.stdin.read()
"""
    before = measuring.cpu_seconds()
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        used = float(child.stdout.readline())
        while_living = measuring.cpu_seconds()
    assert before + used <= while_living <= measuring.cpu_seconds()


def test_committed_results_are_of_the_benchmarks_that_are_here(measuring):
    run = importlib.import_module("run")
    results = json.loads(run.RESULTS.read_text())
    assert tuple(results["benchmarks"]) == run.NAMES
    for name in run.NAMES:
        assert (FOLDER / f"{name}.py").exists()
        assert results["benchmarks"][name]["figures"]
