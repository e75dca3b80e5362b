"""Rules that every module of the four packages keeps; see CONTRIBUTING.md.

What a linter can tell is left to it: `pyproject.toml` asks it for docstrings of modules and refuses
`tf.keras`, `tfx.v1` and handlers that catch everything.
"""

import ast
import json
import pathlib
import re
import subprocess
import sys
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


def test_feature_keys_are_spelt_only_in_schemas(sources):
    """A key written out elsewhere would survive a rename and break in training."""
    spelt = {
        str(path): strings & set(features.ALL_KEYS)
        for path, tree in sources.items()
        if path != pathlib.Path("schemas", "features.py")
        for strings in [{n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}]
    }
    assert {path: keys for path, keys in spelt.items() if keys} == {}, "use schemas.features"


def test_the_run_report_is_spelt_only_in_its_schema(sources):
    """Whoever reads keys of the file does not see when a report of another version lacks them."""
    for path, tree in sources.items():
        if path == pathlib.Path("schemas", "run_report.py"):
            continue
        strings = _strings(tree)
        named = {text for text in strings if run_report.FILE_NAME in text}
        assert named == set(), f"{path}: use FILE_NAME"
        assert strings & REPORT_KEYS_OF_THEIR_OWN == set(), f"{path}: take a RunReport"
        assert set(_keys_asked_of_reports(tree)) & REPORT_KEYS == set(), f"{path}: take a RunReport"


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


def test_node_ids_and_artifact_types_are_spelt_only_in_schemas(sources):
    """A name written out elsewhere would survive a rename, and find nothing any more."""
    texts = (value for name, value in vars(names).items() if name.isupper())
    known = {text for text in texts if isinstance(text, str)} - {names.PREPARE, names.REPORT}
    assert {*names.NODES, names.MODEL} <= known
    for path, tree in sources.items():
        if path != pathlib.Path("schemas", "names.py"):
            spelt = _names_spelt(tree) & known
            assert spelt == set(), f"{path}: use schemas.names"


def _names_spelt(tree: ast.Module) -> set[str]:
    """Strings that are one word, or `<node>.<channel>`, of which the first word counts."""
    # What a person reads may be called like an artifact: the label `Model` is just a word.
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    labels = {id(word.value) for call in calls for word in call.keywords if word.arg == "label"}
    return {
        node.value.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in labels
        and re.fullmatch(r"\w+(\.\w+)?", node.value)
    }


def test_functions_are_small(sources):
    long = [
        f"{path}: {node.name}"
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == [], "split them"


def test_module_names_say_what_they_know(sources):
    """Beam's worker processes inherit sys.path: a clash with a standard module breaks them."""
    refused = VAGUE_NAMES | STDLIB_CLASHES
    assert [str(path) for path in sources if path.stem in refused] == []


def test_the_linter_is_content(root):
    done = _ruff(root, "check", ".")
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("X = 1\n", "D100"),
        ('"""A."""\n\nimport tensorflow as tf\n\nX = tf.keras.Model\n', "TID251"),
        ('"""A."""\n\nfrom tensorflow import keras\n\nX = keras.Model\n', "TID251"),
        ('"""A."""\n\nimport tensorflow.keras\n\nX = tensorflow.keras.Model\n', "TID251"),
        ('"""A."""\n\nfrom tfx import v1 as tfx\n\nX = tfx.dsl\n', "TID251"),
        ('"""A."""\n\ntry:\n    X = 1\nexcept Exception:\n    X = 2\n', "BLE001"),
        ('"""A."""\n\ntry:\n    X = 1\nexcept:\n    X = 2\n', "E722"),
    ],
)
def test_the_linter_refuses(root, program, code):
    """Bad data raises a VideoError; any other exception is a bug and must stop the run.

    `tf.keras` is Keras 2 or 3 depending on import order once TFT is imported; `tfx.v1` pulls in
    the Google Cloud client, a third of the import time.
    """
    done = _ruff(root, "check", "--stdin-filename", "pipeline/new.py", "-", given=program)
    assert f" {code} " in done.stdout, done.stdout


def test_the_linter_accepts_what_is_right(root):
    program = '"""A."""\n\nimport keras\nfrom tfx import types\n\nX = keras.Model, types.Artifact\n'
    done = _ruff(root, "check", "--stdin-filename", "pipeline/new.py", "-", given=program)
    assert done.returncode == 0, done.stdout


def _ruff(root, *arguments, given=""):
    program = pathlib.Path(sys.executable).with_name("ruff")
    return subprocess.run(
        [program, "--quiet", *arguments, "--output-format", "concise", "--no-cache"],
        cwd=root,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
