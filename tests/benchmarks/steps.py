"""What a container step costs besides its work: fresh processes, CPU time of a whole small run.

The steps are those of a real bundle on an SQLite store: `prepare`, then one node that has next to
nothing to do, then `report`.
"""

import itertools
import os
import pathlib
import subprocess
import sys
from typing import Final

from measuring import CPU, Outcome, Way, compare

from pipeline.config import load
from pipeline.runners import bundle
from pipeline.runs import events
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Follower

_NODE: Final = (sys.executable, "-m", "pipeline.cli.node")
_TENSORFLOW: Final = (sys.executable, "-c", "import tensorflow")
_LAUNCHER: Final = (sys.executable, "-c", "from tfx.orchestration.portable import launcher")
_LIGHT: Final = "ImportSchemaGen"
_PAIRS: Final = 3  # each process takes seconds of CPU


def run(folder: pathlib.Path) -> Outcome:
    """Measures steps against importing TensorFlow, and against importing TFX's launcher."""
    manifest = folder / "videos.csv"
    manifest.write_text("video_id,path,label\n")
    values = {"data.manifest": str(manifest), "output": str(folder / "runs")}
    parcel = bundle.build(load.with_overrides(load.load("local"), values))
    numbers = itertools.count()

    def prepare() -> RunFolder:
        parts = [word for part in parcel.arguments() for word in ("--bundle", part)]
        run_id = f"run-{next(numbers)}"
        _call(*_NODE, "prepare", *parts, "--digest", parcel.digest, "--run-id", run_id)
        return RunFolder(folder / "runs" / run_id)

    def node() -> RunFolder:
        output = ("--output", values["output"], "--digest", parcel.digest)
        _call(*_NODE, "run", *output, "--node", _LIGHT, "--run-id", ready.run_id)
        return ready

    def report() -> RunFolder:
        _call(*_NODE, "report", "--output", values["output"], "--run-id", ready.run_id)
        return ready

    ready = prepare()
    node()  # from here on this run has nothing left to do, but its step still starts
    tensorflow = Way("import tensorflow", lambda: _call(*_TENSORFLOW))
    launcher = Way("import tfx launcher", lambda: _call(*_LAUNCHER))
    figures = [
        compare(name, Way(text, way), reference, agree=agree, clock=CPU, pairs=_PAIRS)
        for name, text, way, reference, agree in (
            ("prepare_to_tensorflow", "step prepare", prepare, tensorflow, _is_prepared),
            ("node_to_tensorflow", "step of a light node", node, tensorflow, _has_ended),
            ("node_to_launcher", "step of a light node", node, launcher, _has_ended),
            ("report_to_tensorflow", "step report", report, tensorflow, _is_reported),
        )
    ]
    return Outcome({"bundle_bytes": len(parcel.text)}, figures)


def _call(*command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[2])}
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    ).stdout


def _is_prepared(run: RunFolder, _: str) -> bool:
    return run.config.exists()


def _has_ended(run: RunFolder, _: str) -> bool:
    happened = Follower(run.step_journal(_LIGHT)).read()
    return isinstance(happened[-1], events.NodeEnded)


def _is_reported(run: RunFolder, _: str) -> bool:
    return run.summary.exists()
