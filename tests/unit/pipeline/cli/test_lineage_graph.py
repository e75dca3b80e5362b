"""`deepfake lineage graph`, called on its own."""

import lineage_store
import pytest
from click.testing import CliRunner

from pipeline.cli import lineage
from schemas.errors import DeepfakeError


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return lineage_store.make_store(tmp_path_factory.mktemp("made"), runs=1, videos=8).parent


def call(output, *arguments):
    command = [*arguments, "--output", str(output)]
    return CliRunner().invoke(lineage.graph, command, catch_exceptions=True)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("g.html", "<!doctype html>"),
        ("g.mmd", "%% Run"),
        ("g.dot", "digraph lineage {"),
        ("g.json", '{\n "format"'),
        ("g.ol.json", '[\n {\n  "eventType"'),
    ],
)
def test_the_file_has_the_format_of_its_name(output, tmp_path, name, start):
    result = call(output, "latest", "-o", str(tmp_path / name))
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_text().startswith(start)
    assert result.output == f"{tmp_path / name}: 29 nodes\n"


def test_the_format_can_be_given_apart_from_the_name(output, tmp_path):
    result = call(output, "1000", "-o", str(tmp_path / "graph.txt"), "--format", "mermaid")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "graph.txt").read_text().startswith("%% Model")


@pytest.mark.parametrize(
    ("subject", "file", "code"),
    [
        ("nothing", "g.html", "unknown_model"),
        ("latest", "g.pdf", "unknown_format"),
        ("latest", "no-folder/g.html", "cannot_write"),
    ],
)
def test_a_refusal_has_a_code_and_writes_nothing(output, tmp_path, subject, file, code):
    result = call(output, subject, "-o", str(tmp_path / file))
    assert isinstance(result.exception, DeepfakeError)
    assert result.exception.code == code
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_without_a_store_is_refused(tmp_path):
    result = call(tmp_path / "empty", "latest", "-o", str(tmp_path / "g.html"))
    assert result.exception.code == "no_records"
    assert list(tmp_path.iterdir()) == []
