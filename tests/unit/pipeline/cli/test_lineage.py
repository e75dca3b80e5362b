"""`deepfake lineage`: forms of the answers, and refusals."""

import csv
import io
import json
import subprocess
import sys

import lineage_store
import pytest

from pipeline.cli import main


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """The output folder of three made runs."""
    folder = tmp_path_factory.mktemp("history")
    lineage_store.make_store(folder, runs=3)
    return str(folder)


@pytest.fixture
def ask(output, capfd):
    """Runs `deepfake lineage ...`; gives status, standard output and standard error."""

    def ask(*words):
        status = main.main(["lineage", *words, "--output", output])
        printed = capfd.readouterr()
        return status, printed.out, printed.err

    return ask


@pytest.mark.parametrize(
    "words", [("show", "latest"), ("why", "1001"), ("trains-on", "made/swap/v9")]
)
def test_every_question_has_three_forms(ask, words):
    status, table, _ = ask(*words)
    assert status == 0
    assert "20260101-00000" in table
    _, as_json, _ = ask(*words, "--format", "json")
    assert isinstance(json.loads(as_json), dict)
    _, as_csv, _ = ask(*words, "--format", "csv")
    rows = list(csv.reader(io.StringIO(as_csv)))
    assert len(rows) > 1
    assert len({len(row) for row in rows}) == 1


def test_why_names_the_broken_gate(ask):
    _, table, _ = ask("why", "latest")
    assert "NOT blessed in 20260101-000002-made, 0 of 1 gates passed" in table
    assert "FAILED: video AUC 0.500 < 0.800 on overall" in table


def test_show_says_what_the_baseline_was(ask):
    _, table, _ = ask("show", "1001")
    assert "pushed as 1000" in table


def test_trains_on_lists_splits_and_versions(ask):
    _, as_csv, _ = ask("trains-on", "made/swap/v9", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert [(row["split"], row["versions"]) for row in rows] == [
        ("calibration", "1000"),
        ("calibration", "1001"),
        ("calibration", ""),
    ]


def test_an_unknown_model_is_one_line_and_status_two(ask):
    status, out, err = ask("show", "1009")
    assert (status, out) == (2, "")
    assert err.startswith("deepfake: no model '1009' (did you mean 100")
    assert err.count("\n") == 1


def test_an_empty_output_folder_is_one_line(tmp_path, capfd):
    assert main.main(["lineage", "why", "latest", "--output", str(tmp_path)]) == 2
    assert "no records in" in capfd.readouterr().err


def test_help_imports_neither_tensorflow_nor_ml_metadata():
    check = "import sys; from pipeline.cli import main; main.main(['lineage', '--help']);"
    check += " print({'tensorflow', 'ml_metadata', 'tfx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
