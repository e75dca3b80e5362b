"""Rules that every module of the four packages keeps; see CONTRIBUTING.md."""

import ast
import json
import pathlib
import re
from collections.abc import Iterator

import pytest

from schemas import features, names, run_report

MAX_FUNCTION_LINES = 50
VAGUE_NAMES = {"utils", "util", "common", "misc", "base", "manager", "helpers", "helper"}
STDLIB_CLASHES = {"types", "html", "json", "logging", "queue", "io", "copy", "calendar"}
_REPORT = pathlib.Path(__file__).parents[1] / "unit" / "schemas" / "run_report.json"
REPORT_KEYS = frozenset(json.loads(_REPORT.read_text(encoding="utf-8")))
# The others are words that other mappings use, too.
REPORT_KEYS_OF_THEIR_OWN = {"baseline_compared", "not_pushed_because", "run_dir"}


def test_feature_keys_are_spelt_only_in_schemas(source: pathlib.Path):
    """A key written out elsewhere would survive a rename and break in training."""
    if source.name == "features.py" and source.parent.name == "schemas":
        return
    tree = ast.parse(source.read_text())
    strings = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    spelt = strings & set(features.ALL_KEYS)
    assert not spelt, f"use schemas.features instead of {sorted(spelt)}"


def test_the_run_report_is_spelt_only_in_its_schema(source: pathlib.Path):
    """Whoever reads keys of the file does not see when a report of another version lacks them."""
    if source.parts[-2:] == ("schemas", "run_report.py"):
        return
    tree = ast.parse(source.read_text())
    strings = _strings(tree)
    assert not any(run_report.FILE_NAME in string for string in strings), "use FILE_NAME"
    assert not strings & REPORT_KEYS_OF_THEIR_OWN, "take a RunReport"
    assert not set(_keys_asked_of_reports(tree)) & REPORT_KEYS, "take a RunReport"


def _strings(tree: ast.Module) -> set[str]:
    """String constants; texts that stand alone are documentation."""
    documentation = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
    }


def _keys_asked_of_reports(tree: ast.Module) -> Iterator[str]:
    """`summary["key"]` and `x.report.get("key")`, whatever is called a summary or a report."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=asked, slice=ast.Constant(value=key)):
                pass
            case ast.Call(
                func=ast.Attribute(value=asked, attr="get"), args=[ast.Constant(value=key), *_]
            ):
                pass
            case _:
                continue
        name = getattr(asked, "id", getattr(asked, "attr", ""))
        if isinstance(key, str) and re.fullmatch(r"_?(run_)?(report|summary)", name):
            yield key


@pytest.mark.parametrize(
    "text", ['summary["status"]', 'run.summary["error"]["node"]', 'report.get("gates")']
)
def test_a_key_asked_of_a_report_is_found(text: str):
    assert set(_keys_asked_of_reports(ast.parse(text))) & REPORT_KEYS


def test_node_ids_and_artifact_types_are_spelt_only_in_schemas(source: pathlib.Path):
    """A name written out elsewhere would survive a rename, and find nothing any more."""
    if source.name == "names.py" and source.parent.name == "schemas":
        return
    tree = ast.parse(source.read_text())
    # What a person reads may be called like an artifact: the label `Model` is just a word.
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    labels = {id(word.value) for call in calls for word in call.keywords if word.arg == "label"}
    spelt = {
        n.value.partition(".")[0]  # an output of a node is `<node>.<channel>`
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in labels
        if re.fullmatch(r"\w+(\.\w+)?", n.value)
    }
    texts = (value for name, value in vars(names).items() if name.isupper())
    known = {text for text in texts if isinstance(text, str)} - {names.PREPARE, names.REPORT}
    assert {*names.NODES, names.MODEL} <= known
    assert not spelt & known, f"use schemas.names instead of {sorted(spelt & known)}"


def test_functions_are_small(source: pathlib.Path):
    long = [
        node.name
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert not long, f"split {long}"


def test_module_names_say_what_they_know(source: pathlib.Path):
    assert source.stem not in VAGUE_NAMES
    # Beam's worker processes inherit sys.path: a clash with a standard module breaks them.
    assert source.stem not in STDLIB_CLASHES


def test_modules_start_with_a_docstring(source: pathlib.Path):
    text = source.read_text()
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "say in one line what this module is for"


def test_keras_is_imported_by_itself(source: pathlib.Path):
    """`tf.keras` is Keras 2 or 3 depending on import order once TFT is imported."""
    assert not re.search(
        r"\btf\.keras\b|tensorflow\.keras|from tensorflow import keras", source.read_text()
    )


def test_tfx_is_imported_from_submodules(source: pathlib.Path):
    """`tfx.v1` pulls in the Google Cloud client: a third of the import time."""
    assert not re.search(r"\btfx import v1\b|\btfx\.v1\b", source.read_text())


def test_no_catch_all(source: pathlib.Path):
    """Bad data raises a VideoError; anything else is a bug and must stop the run."""
    for node in ast.walk(ast.parse(source.read_text())):
        if not isinstance(node, ast.ExceptHandler):
            continue
        name = getattr(node.type, "id", None)
        reraises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        caught_all = node.type is None or name in {"Exception", "BaseException"}
        assert not caught_all or reraises, f"line {node.lineno}"
