"""The contract of the panels without a producer, and the document that states it."""

import json
import pathlib
import re

import pytest

from pipeline.dashboards import panel_data
from pipeline.dashboards.panel_data import NAMES, Cards, Robustness, Tuning
from pipeline.runs.folders import RunFolder
from schemas.errors import PanelDataError

DOCUMENT = pathlib.Path(__file__).parents[4] / "docs" / "dashboard-data.md"
FIGURE = {"value": 0.9, "num_videos": 10}


@pytest.fixture
def examples():
    """The examples of the document, by name."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return dict(re.findall(r"^```json (\w+)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture
def run(tmp_path):
    """`run(name, values)`: the folder of a run with that file among its panels."""

    def with_panel(name, values):
        folder = RunFolder(tmp_path)
        folder.panels.mkdir(exist_ok=True)
        text = values if isinstance(values, str) else json.dumps(values)
        (folder.panels / f"{name}.json").write_text(text, encoding="utf-8")
        return folder

    return with_panel


@pytest.mark.parametrize("kind", NAMES, ids=lambda kind: kind.__name__)
def test_the_document_has_an_example_of_each_that_can_be_read(examples, run, kind):
    name = NAMES[kind]
    folder = run(name, examples[name])
    assert isinstance(panel_data.read(folder, kind), kind)


def test_the_document_has_no_example_of_anything_else(examples):
    assert set(examples) == set(NAMES.values())


def test_without_a_file_there_is_no_data(tmp_path):
    assert panel_data.read(RunFolder(tmp_path), Robustness) is None


def test_figures_are_read_with_their_intervals(examples, run):
    found = panel_data.read(run("robustness", examples["robustness"]), Robustness)
    assert (found.clean.value, found.clean.lower, found.clean.upper) == (0.953, 0.931, 0.969)
    assert [(one.perturbation, one.level) for one in found.perturbed] == [
        ("jpeg", "quality 75"),
        ("jpeg", "quality 30"),
        ("blur", "sigma 1"),
    ]
    assert found.perturbed[0].figure.lower is None


def robustness(**changes):
    return {"metric": "AUC", "clean": FIGURE, "perturbed": [level("1")]} | changes


def level(name, **changes):
    return {"perturbation": "jpeg", "level": name, "figure": FIGURE | changes}


def tuning(best, *scores):
    trials = [
        {"trial_id": str(index), "hyperparameters": {}, "score": score}
        for index, score in enumerate(scores)
    ]
    values = {"objective": "AUC", "greater_is_better": True, "trials": trials}
    return values | {"best_trial_id": best}


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (Robustness, "{", "Expecting property name"),
        (Robustness, [], "the file must be a section of keys"),
        (Robustness, robustness(metrics="AUC"), "unknown key metrics; did you mean metric?"),
        (Robustness, {"metric": "AUC", "clean": FIGURE}, "missing key perturbed"),
        (Robustness, robustness(metric=3), "metric must be text, got 3"),
        (Robustness, robustness(perturbed=[]), "perturbed must be a list of one or more"),
        (Robustness, robustness(perturbed=[level("1"), level("1")]), "says nothing twice"),
        (Robustness, robustness(clean=FIGURE | {"value": 1.2}), "clean.value must be at least 0"),
        (Robustness, robustness(clean=FIGURE | {"num_videos": 0}), "clean.num_videos must be"),
        (Robustness, robustness(clean=FIGURE | {"lower": 0.8}), "both given or both null"),
        (
            Robustness,
            robustness(perturbed=[level("1", lower=0.95, upper=1.0)]),
            "perturbed[0].figure.lower must be in [0, value], got 0.95",
        ),
        (Robustness, json.dumps(robustness(clean=FIGURE | {"value": float("nan")})), "got nan"),
        (Tuning, tuning("7", 0.9, 0.8), "best_trial_id must be a trial with a score (0, 1)"),
        (Tuning, tuning("1", 0.9, None), "best_trial_id must be a trial with a score (0), got '1'"),
        (Tuning, json.dumps(tuning("0", float("inf"))), "trials[0].score must be finite"),
        (Cards, {"cards": [{"title": "x", "path": "../secret"}]}, "cards[0].path must be relative"),
        (Cards, {"cards": [{"title": "x", "path": "/etc/passwd"}]}, "cards[0].path must be"),
    ],
)
def test_what_breaks_the_contract_is_named_with_the_file(run, kind, values, said):
    folder = run(NAMES[kind], values)
    with pytest.raises(PanelDataError, match=re.escape(said)) as raised:
        panel_data.read(folder, kind)
    assert str(folder.panels / f"{NAMES[kind]}.json") in str(raised.value)
    assert raised.value.code == "panel_data"
