"""How long the command line takes to answer: fresh processes, wall time."""

import pathlib
import subprocess
import sys
from typing import Final

from measuring import WALL, Outcome, Way, compare

_HELP: Final = (str(pathlib.Path(sys.executable).with_name("deepfake")), "--help")
_NOTHING: Final = (sys.executable, "-c", "pass")
_GRAPH: Final = (sys.executable, "-c", "from pipeline import graph")


def run(folder: pathlib.Path) -> Outcome:
    """Measures `deepfake --help` against a bare interpreter and against the imports of a run."""
    helped = Way("deepfake --help", lambda: _output(*_HELP))
    bare = Way("python -c pass", lambda: _output(*_NOTHING))
    graph = Way("import pipeline.graph", lambda: _output(*_GRAPH))
    figures = [
        compare("help_to_bare_python", helped, bare, agree=_is_help, clock=WALL, pairs=15),
        # Each import takes seconds of CPU, so few.
        compare("help_to_graph_import", helped, graph, agree=_is_help, clock=WALL, pairs=3),
    ]
    return Outcome({}, figures)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _is_help(text: str, _: str) -> bool:
    return text.startswith("Usage: deepfake")
