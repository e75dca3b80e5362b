"""Rules that every module of the four packages keeps; see CONTRIBUTING.md.

What a linter can tell is left to it: `pyproject.toml` asks it for docstrings of modules and refuses
`tf.keras`, `tfx.v1` and handlers that catch everything.
"""

import ast
import pathlib
import subprocess
import sys

import pytest

from schemas import features

MAX_FUNCTION_LINES = 50
VAGUE_NAMES = {"utils", "util", "common", "misc", "base", "manager", "helpers", "helper"}
STDLIB_CLASHES = {"types", "html", "json", "logging", "queue", "io", "copy", "calendar"}


def test_feature_keys_are_spelt_only_in_schemas(sources):
    """A key written out elsewhere would survive a rename and break in training."""
    spelt = {
        str(path): strings & set(features.ALL_KEYS)
        for path, tree in sources.items()
        if path != pathlib.Path("schemas", "features.py")
        for strings in [{n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}]
    }
    assert {path: keys for path, keys in spelt.items() if keys} == {}, "use schemas.features"


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
